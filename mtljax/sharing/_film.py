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
    """FiLM: all tasks share one backbone, and each task scales and shifts the channels.

    If the output of a stage is h, task t continues with ``h_t = (1 + scale_t) * h + shift_t``. Here
    ``scale_t`` and ``shift_t`` are learned vectors with one entry per channel (the last axis). They
    are 0 at the start, so they change nothing and training starts from the model of `hard`. In the
    paper, the scale and the shift depend on an input (Perez et al., AAAI 2018,
    https://arxiv.org/abs/1709.07871). In this scheme they depend only on the task.

    The scales and shifts of all T tasks are stacked in ``params['task']['film']``, in arrays of the
    shape ``[T, channels]``. Every stage after the first scaling runs once per task.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      after: The stages whose output is scaled and shifted, as indices into ``backbone`` counted
        from 0. The default is all stages.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or ``after`` has an
        index that does not exist.

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
