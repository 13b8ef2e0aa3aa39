"""A penalty that favours towers with weights of low rank."""

from typing import Literal

import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Array
from mtljax.penalties._nuclear_norm import nuclear_norm
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength

Form = Literal['last', 'tucker', 'tensor_train']


def trace_norm(
    strength: Strength,
    form: Form = 'last',
    *,
    where: str | None = 'task/towers',
    leaves: trees.Where = None,
) -> Penalty:
    """Penalise the rank of the weights of all towers together, by nuclear norms.

    A tower is one task's copy of the network; see `sharing.soft`. The weights of one layer in T
    towers form an array ``W [D_1, ..., D_N, T]``. (In the parameters, the axis of the towers is the
    first axis. The penalty moves it to the end.) This array is reshaped to one or more matrices,
    its unfoldings. The penalty is the sum of their nuclear norms, ``sum_i |unfold_i(W)|_*``, where
    the nuclear norm of a matrix is the sum of its singular values (Yang & Hospedales, ICLR workshop
    2017, https://arxiv.org/abs/1606.04038). ``form`` chooses the unfoldings:

    - ``'last'``: one matrix ``[D_1 ... D_N, T]``, with one column per tower. The penalty then pulls
      the weight vectors of all towers into a space of few dimensions.
    - ``'tucker'``: one matrix for every axis of W. Its rows run over this axis, and its columns run
      over all other axes.
    - ``'tensor_train'``: N matrices. For i = 1, ..., N, the rows of matrix i run over the first i
      axes of W, and its columns run over the other axes.

    Unlike a distance, this penalty allows two towers to differ by a factor or a sign. The gradient
    of the nuclear norm of a matrix is ``U V^T``, where U and V hold the singular vectors of the
    singular values that are not 0. This gradient is finite even where towers are equal.

    Args:
      strength: The factor of the penalty, one number or one per stage; see `l2`.
      form: The unfoldings that are penalised: ``'last'``, ``'tucker'`` or ``'tensor_train'``.
      where: The path of the towers in the parameters. None penalises all parameters.
      leaves: The weights of the towers that are penalised; see `l2`.

    Raises:
      ValueError: The form is unknown. For other cases see `l2`.

    >>> towers = {'stage0': {'kernel': jnp.array([[[3.0, 4.0]], [[-3.0, -4.0]]])}}
    >>> round(trace_norm(1.0).value(towers).item() ** 2, 3)
    50.0
    """
    forms = {'last': _last, 'tucker': _tucker, 'tensor_train': _tensor_train}
    if form not in forms:
        raise ValueError(f'form should be one of {list(forms)}. Found form = {form!r}.')
    unfoldings = forms[form]

    def value(weights, path, state):
        matrices = unfoldings(jnp.moveaxis(weights, 0, -1))
        return sum((nuclear_norm(matrix) for matrix in matrices), jnp.zeros((), weights.dtype))

    return per_layer(value, strength, where, leaves)


def _last(weights: Array) -> list[Array]:
    return [weights.reshape(-1, weights.shape[-1])]


def _tucker(weights: Array) -> list[Array]:
    axes = range(weights.ndim)
    return [jnp.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1) for axis in axes]


def _tensor_train(weights: Array) -> list[Array]:
    sizes, left = weights.shape, [1]
    for size in sizes[:-1]:
        left.append(left[-1] * size)
    return [weights.reshape(rows, -1) for rows in left[1:]]
