"""Sluice networks: shared subspaces, and a mixture of layers."""

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
    """One tower per task; after each stage, combinations of subspaces of all towers.

    ``x_(t,a) <- sum_(s,b) alpha_(t,a),(s,b) x_(s,b)``, where the channels of task s are split into
    subspaces b in order; with ``mixture`` the head reads ``sum_j beta_tj x_t^j`` over the stages j
    whose mixed features have the shape of the last stage (Ruder, Bingel, Augenstein, Sogaard, AAAI
    2019, https://arxiv.org/abs/1705.08142). The third part of the paper makes subspaces orthogonal:
    ``penalties.orthogonality(0.1, subspaces=2, where='shared/towers')`` in the optax chain. The
    code of the paper mixes subspaces by the order of memory; here channels ``0 .. C/S - 1`` are the
    first subspace. Parameters lie where those of `cross_stitch` lie.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      subspaces: S, the number of equal parts of the channels (the last axis).
      own: The first weight of a subspace on itself; ``1 / (S T)`` is 'balanced' in the paper.
      mixture: Whether heads read a mixture of stages. It starts with equal weights.
      start: The first stage with one tower per task. All tasks share the stages before it.
      after: The stages that a unit follows, counted from 0. All stages from ``start`` on by
        default.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range;
        at init, the channels cannot be split.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> params, state = sluice(backbones.mlp((8, 8)), two).init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['shared']['units']['stage0'].shape
    (2, 2, 2, 2)
    >>> params['task']['units']['a']['layers'].tolist()
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
    """The unit, then the mixture of its output with features of earlier stages of the task."""

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
