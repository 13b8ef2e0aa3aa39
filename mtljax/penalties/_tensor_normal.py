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
      count: the steps so far.
      feature_covariance: ``{path: [F, F]}``.
      class_covariance: ``{path: [C, C]}``.
      task_covariance: ``{path: [T, T]}``.
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
    layer's W ``[F, C, T]``: C the last axis of a copy, F all others (Long, Cao, Wang, Yu, NeurIPS
    2017, https://arxiv.org/abs/1506.02117). With S given, it pulls related tasks together and
    tasks of negative covariance apart.

    The covariances start at the identity. Every ``every`` steps, after the gradient, each becomes
    the second moment of W along its mode, whitened by the other two: features, then classes, then
    tasks, scaled so that all but the last learnt one have a mean diagonal of 1.
    ``optax.tree.get(opt_state, 'task_covariance')`` reads ``{path: [T, T]}``. In S each is
    shrunk to ``(S_k + ridge v I) / (1 + ridge)``, v its mean variance, the last with ``floor`` on
    top.

    The value is no distance: it may be negative, and as weights shrink the prior narrows with them
    until ``floor`` holds it. A gradient step is stable while ``learning_rate * strength`` is below
    twice the least eigenvalue of S, some ``ridge^2 floor`` at worst when all three are learnt;
    ``1 / N`` for N examples is the strength of a prior on a mean loss.

    A covariance ``[D, D]`` is estimated from ``size / D`` samples. Where features outnumber classes
    times tasks, theirs is singular but for ``ridge`` and tasks look unrelated: learn
    ``['classes', 'tasks']`` there.

    Args:
      strength: one number, or one per stage; see `l2`.
      modes: which covariances are learnt. Others stay the identity and cost nothing; that of the
        features takes ``F^2`` memory and ``F^3`` time.
      every: steps between updates of the covariances.
      ridge: what keeps them regular, relative to their mean variance.
      floor: the least variance of a weight under the prior, in units of squared weights.
      where: the path of the subtree in the parameters; None for the parameters themselves.
      leaves: which leaves of the subtree; see `l2`.

    Raises:
      ValueError: unknown or repeated modes, ``every`` below 1, or a ridge or floor that is not
        positive (in the factory); see `l2`.

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
    each = ({path: own[k] for path, own in learnt.items() if k in own} for k in _AXES.values())
    return TensorNormalState(state.count, *each)


def _of(state: TensorNormalState, path: str) -> Covariances:
    """The covariances of one layer, by axis of its ``[T, F, C]``."""
    each = zip(_AXES.values(), state[1:], strict=True)
    return {axis: own[path] for axis, own in each if path in own}


def _tensor(weights: Array) -> Array:
    """``[T, F, C]`` from ``[T, ..., C]``."""
    return weights.reshape(len(weights), -1, weights.shape[-1])


def _identity(weights: Array, axis: int) -> Array:
    return jnp.eye(_tensor(weights).shape[axis], dtype=weights.dtype)


def _order(modes) -> tuple[int, ...]:
    """The axes of the modes, in the order of their updates."""
    fits = isinstance(modes, list | tuple) and modes and set(modes) <= set(_AXES)
    if not fits or len(set(modes)) != len(modes):
        raise ValueError(f'modes should be some of {list(_AXES)}. Found modes = {modes!r}.')
    return tuple(axis for mode, axis in _AXES.items() if mode in modes)
