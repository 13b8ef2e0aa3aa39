"""Cross-stitch units."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from mtljax.base import Module, MultiTask
from mtljax.options import check_option
from mtljax.sharing._lateral import lateral


def cross_stitch(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    own: Any = 0.9,
    per_channel: bool = False,
    start: int = 0,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """One tower per task; after each stage, learned linear combinations of the towers' features.

    ``x_t <- sum_s alpha_ts x_s`` (Misra et al., CVPR 2016, https://arxiv.org/abs/1604.03539), with
    ``alpha_tt = own`` and the rest of 1 in equal parts at the start. Towers and units lie under
    ``params['shared']`` (``'towers'``, ``'units'``), but for the part of the last unit that belongs
    to a task, ``params['task']['units'][task]``.

    The paper trains the units 100 to 1000 times as fast as the towers,
    ``training.scale_rate('units', 100)`` at the end of the optax chain, and starts from towers
    trained alone, ``moves.single_to_cross_stitch``. LibMTL starts with all units 1, which
    multiplies the features by T at every stage, and stitches a ResNet only; the code of the MTAN
    family has one mixture for all tasks.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      own: the first weight of a task's own features; 1 starts from independent towers.
      per_channel: one unit per channel (the last axis), as in the paper's experiments on feature
        maps, or one number for all.
      start: the first stage with towers of its own; those before are common.
      after: the stages, counted from 0, that a unit follows; all from ``start`` on when left out.
        Stages behind the last unit go with the heads.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = cross_stitch(backbones.mlp((8, 8)), two)
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> print(params['shared']['units']['stage0'])
    [[0.9 0.1]
     [0.1 0.9]]
    """
    check_option('own', own, 'a finite number')

    def unit(task, num_tasks):
        return _unit(first_weights(task, num_tasks, own), per_channel)

    return lateral(backbone, heads, unit, start=start, after=after)


def first_weights(at: int, count: int, own: Any):
    """``own`` at one place, and what it lacks to 1 in equal parts at the ``count - 1`` others."""
    if count == 1:
        return jnp.ones(1)
    return jnp.full(count, (1 - own) / (count - 1), jnp.float32).at[at].set(own)


def _unit(weights, per_channel: bool) -> Module:
    def init(key, rows):
        if not per_channel:
            return weights, {}
        channels = rows.shape[-1]
        return jnp.broadcast_to(weights[:, None], (len(weights), channels)), {}

    def apply(params, state, rows, *, key=None, train=False):
        mixed = jnp.einsum('tc,t...c->...c' if per_channel else 't,t...->...', params, rows)
        return mixed.astype(rows.dtype), state

    return Module(init, apply)
