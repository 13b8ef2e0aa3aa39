"""Low rank across copies."""

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
    """Soft sharing by low rank: the nuclear norms of unfoldings of each layer's stacked weights.

    ``sum_i |unfold_i(W)|_*`` for W ``[D_1, ..., D_N, T]`` (Yang & Hospedales, ICLR workshop 2017,
    https://arxiv.org/abs/1606.04038):

    - ``'last'``: along the task axis, ``[D_1 ... D_N, T]``: copies span few directions;
    - ``'tucker'``: along every axis;
    - ``'tensor_train'``: the first i axes against the others, for i = 1, ..., N.

    Unlike a distance, it allows copies to differ by a factor or a sign. The gradient ``U V^T`` over
    the singular values that are not 0 is finite also where copies are equal.

    Args:
      strength: One number, or one per stage; see `l2`.
      form: The unfoldings that are penalised, one of the three above.
      where: The path of the subtree in the parameters; None for all parameters.
      leaves: The leaves of the subtree that are penalised; see `l2`.

    Raises:
      ValueError: The form is unknown (in the factory); or as in `l2`.

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
