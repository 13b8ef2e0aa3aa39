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
    """One tower per task; after each stage, combinations of the subspaces of all towers' features.

    ``x_(t,a) <- sum_(s,b) alpha_(t,a),(s,b) x_(s,b)``, where the channels of task s are split into
    subspaces b in order; with ``mixture`` the head reads ``sum_j beta_tj x_t^j`` over the stages j
    whose mixed features have the shape of the last (Ruder, Bingel, Augenstein, Sogaard, AAAI 2019,
    https://arxiv.org/abs/1705.08142). The paper's third part keeps the subspaces apart:
    ``penalties.orthogonality(0.1, subspaces=2, where='shared/towers')`` in the optax chain. The
    paper's code mixes subspaces by the order of memory; here channels ``0 .. C/S - 1`` are the
    first subspace. Where parameters lie is as in `cross_stitch`.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      subspaces: S, how many equal parts the channels (the last axis) have.
      own: the first weight of a subspace on itself; ``1 / (S T)`` is the paper's 'balanced'.
      mixture: whether heads read a mixture of stages; it starts with equal weights.
      start: the first stage with towers of its own; those before are common.
      after: the stages, counted from 0, that a unit follows; all from ``start`` on when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range;
        at init, channels that cannot be split.

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
                f'{subspaces} subspaces do not divide the {x.shape[-1]} channels of a stage.'
            )
        return weights, {}

    def apply(params, state, x, *, key=None, train=False):
        parts = x.reshape(*x.shape[:-1], subspaces, -1)
        mixed = jnp.einsum('atb,t...bc->...ac', params, parts)
        return mixed.reshape(x.shape[1:]).astype(x.dtype), state

    return Module(init, apply)


def _mixture(unit: Module, task: int) -> Module:
    """The unit, then the mixture of what it gives with earlier stages' features of that task."""

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
