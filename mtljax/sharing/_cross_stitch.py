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
    ``alpha_tt = own`` at the start and ``1 - own`` in equal parts on the other towers. Towers and
    units lie under ``params['shared']`` (``'towers'``, ``'units'``); the part of the last unit that
    belongs to one task lies under ``params['task']['units'][task]``.

    The paper trains the units 100 to 1000 times as fast as the towers,
    ``training.scale_rate('units', 100)`` at the end of the optax chain, and starts from
    towers of single-task training, ``moves.single_to_cross_stitch``. LibMTL starts with all units
    1, which multiplies the features by T at every stage, and stitches a ResNet only. The code of
    the MTAN family has one mixture for all tasks.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      own: The first weight of the features of the task itself. With 1, training starts from
        independent towers.
      per_channel: Whether there is one unit per channel (the last axis), as in the experiments of
        the paper on feature maps, or one unit for all channels.
      start: The first stage with one tower per task. All tasks share the stages before it.
      after: The stages that a unit follows, counted from 0. All stages from ``start`` on by
        default.
        The stages after the last unit belong to the heads.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range.

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
    """``own`` at one place, and ``1 - own`` in equal parts at the ``count - 1`` others."""
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
