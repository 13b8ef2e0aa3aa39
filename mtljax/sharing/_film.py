"""FiLM: each task scales and shifts the features of one trunk."""

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
    """FiLM: all tasks share one trunk, and each task scales and shifts every channel.

    After a stage, the features of task t are ``h_t = (1 + scale_t) * stage(h_t) + shift_t``, where
    channels are the last axis. ``scale_t`` and ``shift_t`` are 0 at the start, so training starts
    from hard sharing. In the paper, the scale and the shift depend on an input. Here they depend on
    the task (Perez et al., AAAI 2018, https://arxiv.org/abs/1709.07871).

    The scales and shifts of all T tasks are stacked in ``params['task']['film']``, in leaves
    ``[T, channels]``. Every stage after the first of them runs once per task.

    Args:
      backbone: The network, as a tuple of stages. A stage is a Module, for example one layer.
      heads: The head of each task, ``{task: Module}``. All arrays with one entry per task use this
        order.
      after: The indices of the stages whose output is scaled and shifted, counted from 0. The
        default is all stages.

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
