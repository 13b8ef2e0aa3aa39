"""Feature-wise modulation of one trunk."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp

from mtljax.base import Module, MultiTask
from mtljax.sharing._passes import trunk_with_units


def film(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """One trunk; after its stages each task scales and shifts every channel in its own way.

    ``h_t = (1 + scale_t) * stage(h_t) + shift_t``, with ``scale_t = shift_t = 0`` at the start, so
    that training starts from hard sharing (Perez et al., AAAI 2018,
    https://arxiv.org/abs/1709.07871; with the task as the condition). Channels are the last axis;
    the modulations are stacked, ``params['task']['film']`` with leaves ``[T, channels]``. What
    stands behind the first modulation runs once per task.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      after: the stages, counted from 0, that are modulated; all when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or no such stage.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = film(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['task']['film']['stage0']['scale'].shape
    (2, 8)
    """
    return trunk_with_units(backbone, heads, Module(_init, _apply), 'film', after)


def _init(key, x):
    zeros = jnp.zeros(x.shape[-1])
    return {'scale': zeros, 'shift': zeros}, {}


def _apply(params, state, x, *, key=None, train=False):
    wide = (1,) * (x.ndim - 1) + x.shape[-1:]
    scale, shift = params['scale'].reshape(wide), params['shift'].reshape(wide)
    return (x * (1 + scale) + shift).astype(x.dtype), state
