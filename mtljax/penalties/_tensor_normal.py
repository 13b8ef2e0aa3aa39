"""Learnt relations between features, classes and tasks."""

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
    """The covariances of every layer, by its path; empty for modes that are not learnt.

    Attributes:
      count: The number of steps so far.
      feature_covariance: The covariance of the features, ``{path: [F, F]}``.
      class_covariance: The covariance of the classes, ``{path: [C, C]}``.
      task_covariance: The covariance of the tasks, ``{path: [T, T]}``.
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
    """Multilinear relationship networks: a normal prior whose task covariance is learnt.

    ``vec(W)^T S^-1 vec(W) / 2 + log det(S) / 2``, ``S = S_F x S_C x S_T`` (Kronecker), for each
    layer's W ``[F, C, T]``: C is the last axis of a copy, F all other axes (Long, Cao, Wang, Yu,
    NeurIPS 2017, https://arxiv.org/abs/1506.02117). For a given S, the penalty pulls related tasks
    together and pushes tasks with a negative covariance apart.

    The covariances start at the identity. Every ``every`` steps, after the gradient, each becomes
    the second moment of W along its mode, whitened by the other two: features, then classes, then
    tasks, scaled so that all but the last learnt one have a mean diagonal of 1.
    ``optax.tree.get(opt_state, 'task_covariance')`` reads ``{path: [T, T]}``. In S each covariance
    is shrunk to ``(S_k + ridge v I) / (1 + ridge)``, v its mean variance; ``floor`` is added to the
    variances of the last one.

    The value is not a distance: it may be negative. As the weights shrink, the prior becomes
    narrower, until ``floor`` stops it. A gradient step is stable while ``learning_rate * strength``
    is below twice the least eigenvalue of S, which is about ``ridge^2 floor`` at worst when all
    three covariances are learnt. A prior on a mean loss over N examples has the strength ``1 / N``.

    A covariance ``[D, D]`` is estimated from ``size / D`` samples. Where there are more features
    than classes times tasks, the covariance of the features would be singular without ``ridge``,
    and tasks look unrelated: learn ``['classes', 'tasks']`` there.

    Args:
      strength: One number, or one per stage; see `l2`.
      modes: The covariances that are learnt. The others stay the identity and cost nothing. The
        covariance of the features takes ``F^2`` memory and ``F^3`` time.
      every: The number of steps between updates of the covariances.
      ridge: The number that keeps the covariances regular, relative to their mean variance.
      floor: The least variance of a weight under the prior, in units of squared weights.
      where: The path of the subtree in the parameters; None for all parameters.
      leaves: The leaves of the subtree that are penalised; see `l2`.

    Raises:
      ValueError: A mode is unknown or repeated, ``every`` is below 1, or ``ridge`` or ``floor`` is
        not positive (in the factory); or as in `l2`.

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
    """The covariances of one layer, by axis of its ``[T, F, C]``."""
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
