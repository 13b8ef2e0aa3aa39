"""Sluice networks: mixtures of subspaces of the towers, and of layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from mtljax.base import Module, MultiTask
from mtljax.options import check_count, check_option
from mtljax.sharing._cross_stitch import first_weights
from mtljax.sharing._lateral import lateral


def sluice(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    subspaces: int = 2,
    own: Any = 0.9,
    mixture: bool = True,
    start: int = 0,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """Sluice networks: one tower per task; after each stage, parts of the features are mixed.

    A tower is a copy of the backbone for one task, from the stage ``start`` on. The channels of
    each tower are split into S equal parts, the subspaces. A unit after a stage mixes the subspaces
    of all towers. If ``x_(s,b)`` is subspace b of the tower of task s, the unit computes
    ``x_(t,a) <- sum_(s,b) alpha_(t,a),(s,b) x_(s,b)`` with learned weights alpha (Ruder, Bingel,
    Augenstein, Sogaard, AAAI 2019, https://arxiv.org/abs/1705.08142).

    With ``mixture=True``, the head of task t reads ``sum_j beta_tj x_t^j`` with learned weights
    beta, where ``x_t^j`` are the mixed features after unit j. This sum is over the units whose
    features have the same shape as those of the last unit. If stages follow the last unit, the
    first such stage reads the sum, and the head reads the output of the last stage.

    The losses of all tasks depend on the stages of the towers up to the last unit, and on all units
    except the last. These stages are stored in ``params['shared']['towers']``, and these units in
    ``params['shared']['units']``. In the last unit, the weights for the new features of task t
    affect only the loss of task t. They and the weights ``beta_tj`` are stored in
    ``params['task']['units'][t]``.

    The paper also makes the subspaces orthogonal. To do this, put
    ``penalties.orthogonality(0.1, subspaces=2, where='shared/towers')`` into the optax chain. For C
    channels, the first subspace consists of the channels ``0 .. C/S - 1``. The code of the paper
    splits the channels by their order in memory instead.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      subspaces: The number S of equal parts of the channels (the last axis).
      own: The initial value of every ``alpha_(t,a),(t,a)``, the weight of the old subspace in the
        sum that gives the new one. The other weights in this sum are equal at the start, and all
        its weights add up to 1. For T tasks, the paper calls the value ``1 / (S T)`` 'balanced'.
      mixture: Whether the heads read the sum over the units. The weights beta start equal. If
        False, the heads read the features of the last unit.
      start: The index in ``backbone`` of the first stage of the towers, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      after: The stages with a unit after them, as indices into ``backbone`` counted from 0. By
        default a unit follows every stage from ``start`` on. The stages of a tower after its last
        unit are stored with the head of the task, not under ``'towers'``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
        range. ``init`` also raises this error if the number of channels of a stage is not divisible
        by ``subspaces``.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> params, state = sluice(backbones.mlp((8, 8)), two).init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['shared']['units']['stage0'].shape  # the weights alpha, [T, S, T, S]
    (2, 2, 2, 2)
    >>> params['task']['units']['a']['layers'].tolist()  # the weights beta of task a
    [0.5, 0.5]
    """
    check_count('subspaces', subspaces, 1)
    check_option('own', own, 'a finite number')

    def unit(task: int, num_tasks: int) -> Module:
        return _unit(task, num_tasks, subspaces, own)

    def last(task: int, num_tasks: int) -> Module:
        return _mixture(unit(task, num_tasks), task)

    return lateral(backbone, heads, unit, start=start, after=after, last=last if mixture else None)


def _unit(task: int, num_tasks: int, subspaces: int, own: Any) -> Module:
    count = num_tasks * subspaces
    rows = [first_weights(task * subspaces + part, count, own) for part in range(subspaces)]
    weights = jnp.stack(rows).reshape(subspaces, num_tasks, subspaces)

    def init(key, x):
        if x.shape[-1] % subspaces:
            raise ValueError(
                f'subspaces should divide the channels of each stage. '
                f'Found subspaces = {subspaces} and {x.shape[-1]} channels.'
            )
        return weights, {}

    def apply(params, state, x, *, key=None, train=False):
        parts = x.reshape(*x.shape[:-1], subspaces, -1)
        mixed = jnp.einsum('atb,t...bc->...ac', params, parts)
        return mixed.reshape(x.shape[1:]).astype(x.dtype), state

    return Module(init, apply)


def _mixture(unit: Module, task: int) -> Module:
    """Apply the unit, then mix its output with features of earlier stages of the task."""

    def init(key, x):
        rows, earlier = x
        params, state = unit.init(key, rows)
        count = 1 + len(earlier)
        return {'alpha': params, 'layers': jnp.full(count, 1 / count, jnp.float32)}, state

    def apply(params, state, x, *, key=None, train=False):
        rows, earlier = x
        y, state = unit.apply(params['alpha'], state, rows, key=key, train=train)
        layers = jnp.stack([*(stage[task] for stage in earlier), y])
        mixed = jnp.tensordot(params['layers'], layers.astype(jnp.float32), axes=1)
        return mixed.astype(y.dtype), state

    return Module(init, apply)
