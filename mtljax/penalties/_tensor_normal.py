"""A prior with learnt covariances of features, classes and tasks."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from mtljax import trees
from mtljax.base import Array
from mtljax.options import check_count, check_positive
from mtljax.penalties._kronecker import Covariances, flip_flop, negative_log_density
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength

Mode = Literal['features', 'classes', 'tasks']
_AXES = {'features': 1, 'classes': 2, 'tasks': 0}


class TensorNormalState(NamedTuple):
    """The state of `tensor_normal`: dicts from the path of a weight matrix to its covariances.

    Each of T tasks has a copy of every layer. A layer has F inputs (called features) and C outputs
    (called classes). If a covariance is not learnt, its attribute is an empty dict.

    Attributes:
      count: The number of steps so far.
      feature_covariance: The covariance of the features, ``{path of the weights: [F, F]}``.
      class_covariance: The covariance of the classes, ``{path of the weights: [C, C]}``.
      task_covariance: The covariance of the tasks, ``{path of the weights: [T, T]}``.
    """

    count: Array
    feature_covariance: dict[str, Array]
    class_covariance: dict[str, Array]
    task_covariance: dict[str, Array]


def tensor_normal(
    strength: Strength,
    *,
    modes: Sequence[Mode] = ('features', 'classes', 'tasks'),
    every: int = 10,
    ridge: ArrayLike = 0.1,
    floor: ArrayLike = 1e-2,
    where: str | None = 'task/towers',
    leaves: trees.Where = None,
) -> Penalty:
    """Penalise the weights of towers by a normal prior with learnt covariances.

    The method is called multilinear relationship networks (Long, Cao, Wang, Yu, NeurIPS 2017,
    https://arxiv.org/abs/1506.02117).

    A tower is one task's copy of the network; see `sharing.soft`. The weights of one layer in all
    towers form an array ``W [F, C, T]``. C is the size of the last axis of the weights, which is
    the number of outputs of the layer (called classes). F is the product of the sizes of the other
    axes (called features). T is the number of tasks. For one layer, the penalty is the negative
    logarithm of a normal density, without its constant:

    ``vec(W)^T S^-1 vec(W) / 2 + log det(S) / 2``

    Here ``vec(W)`` is W as one vector. S is the Kronecker product ``S_F x S_C x S_T`` of three
    covariances: of the features, the classes and the tasks. The penalty pulls the towers of related
    tasks together, and it pushes the towers of tasks with a negative covariance apart.

    All covariances are the identity at the start. In every step whose number is a multiple of
    ``every``, they are updated after the gradient, in the order features, classes, tasks. The new
    covariance of an axis is the second moment of W along this axis, after W is whitened by the
    covariances of the other two axes. All learnt covariances except the last one are then scaled,
    so that the mean of their diagonal is 1. ``optax.tree.get(opt_state, 'task_covariance')``
    returns the covariances of the tasks, ``{path: [T, T]}``.

    The options ``ridge`` and ``floor`` keep S invertible. In S, each covariance ``S_k`` is replaced
    by ``(S_k + ridge v I) / (1 + ridge)``, where v is the mean of its diagonal. In addition,
    ``floor`` is added to the diagonal of the last learnt covariance.

    The penalty may be negative. As the weights become smaller, the prior becomes narrower, until
    ``floor`` limits it. A gradient step is stable if ``learning_rate * strength`` is below twice
    the smallest eigenvalue of S. If all three covariances are learnt, this eigenvalue is at worst
    about ``ridge^2 floor``. If the loss is a mean over N examples, a Bayesian prior has the
    strength ``1 / N``.

    A covariance ``[D, D]`` is estimated from ``size / D`` samples, where ``size`` is the size of W.
    If a layer has more features than classes times tasks, there are too few samples for the
    covariance of the features. Without ``ridge``, it would be singular. Even with ``ridge``, the
    covariance of the tasks then hardly shows which tasks are related. In this case, learn only
    ``['classes', 'tasks']``.

    Args:
      strength: The factor of the penalty, one number or one per stage; see `l2`.
      modes: The covariances that are learnt, one or more of ``'features'``, ``'classes'`` and
        ``'tasks'``. All other covariances stay the identity, and take no time and memory. The
        covariance of the features takes ``F^2`` memory and ``F^3`` time.
      every: The number of steps between two updates of the covariances.
      ridge: The number > 0 that keeps the covariances invertible, relative to the mean of their
        diagonal.
      floor: The smallest variance of a weight under the prior, > 0, in the unit of a squared
        weight.
      where: The path of the towers in the parameters. None penalises all parameters.
      leaves: The weights of the towers that are penalised; see `l2`.

    Raises:
      ValueError: ``modes`` is empty, a mode is unknown or repeated, ``every`` is below 1, ``ridge``
        is not positive, or ``floor`` is not positive. For other cases see `l2`.

    >>> penalty = tensor_normal(1.0, modes=['tasks'], every=1, where='towers')
    >>> kernel = jnp.array([[[1.0, 2.0]], [[-2.0, -1.0]]])
    >>> params = {'towers': {'stage0': {'kernel': kernel}}}
    >>> updates, state = penalty.update(params, penalty.init(params), params)
    >>> state.task_covariance['stage0/kernel'].round(2).tolist()
    [[2.5, -2.0], [-2.0, 2.5]]
    """
    order = _order(modes)
    check_count('every', every, 1)
    for name, option in (('ridge', ridge), ('floor', floor)):
        check_positive(name, option)

    def start(layers):
        def identities(axis):
            return {path: _identity(w, axis) for path, w in layers.items() if axis in order}

        return TensorNormalState(jnp.zeros((), jnp.int32), *map(identities, _AXES.values()))

    def value(weights, path, state):
        return negative_log_density(_tensor(weights), _of(state, path), ridge, floor)

    def advance(state, layers):
        count = jnp.asarray(optax.safe_increment(state.count))
        state = state._replace(count=count)

        def learn(state):
            return _learn(state, layers, order, ridge)

        return jax.lax.cond(count % every == 0, learn, lambda state: state, state)

    return per_layer(value, strength, where, leaves, start=start, advance=advance)


def _learn(state, layers, order, ridge) -> TensorNormalState:
    learnt = {
        path: flip_flop(_tensor(w), _of(state, path), order, ridge) for path, w in layers.items()
    }
    by_mode = (
        {path: matrices[axis] for path, matrices in learnt.items() if axis in matrices}
        for axis in _AXES.values()
    )
    return TensorNormalState(state.count, *by_mode)


def _of(state: TensorNormalState, path: str) -> Covariances:
    """The covariances of one layer, by the axes of its weights ``[T, F, C]``."""
    by_mode = zip(_AXES.values(), state[1:], strict=True)
    return {axis: matrices[path] for axis, matrices in by_mode if path in matrices}


def _tensor(weights: Array) -> Array:
    """``[T, F, C]`` from ``[T, ..., C]``."""
    return weights.reshape(len(weights), -1, weights.shape[-1])


def _identity(weights: Array, axis: int) -> Array:
    return jnp.eye(_tensor(weights).shape[axis], dtype=weights.dtype)


def _order(modes) -> tuple[int, ...]:
    """The axes of the modes, in the order of their updates."""
    known = isinstance(modes, list | tuple) and modes and set(modes) <= set(_AXES)
    if not known or len(set(modes)) != len(modes):
        raise ValueError(f'modes should be some of {list(_AXES)}. Found modes = {modes!r}.')
    return tuple(axis for mode, axis in _AXES.items() if mode in modes)
