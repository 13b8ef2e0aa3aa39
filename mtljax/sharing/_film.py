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
    """One trunk; each task scales and shifts every channel after the stages.

    ``h_t = (1 + scale_t) * stage(h_t) + shift_t``, where ``scale_t = shift_t = 0`` at the start,
    so that training starts from hard sharing (Perez et al., AAAI 2018,
    https://arxiv.org/abs/1709.07871; with the task as the condition). Channels are the last axis.
    The modulations are stacked, ``params['task']['film']`` with leaves ``[T, channels]``. All that
    comes after the first modulation runs once per task.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      after: The stages that are modulated, counted from 0. All stages by default.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or a stage does not
        exist.

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
