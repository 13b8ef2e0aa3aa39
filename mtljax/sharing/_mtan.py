"""MTAN: one trunk, and attention modules of each task on every stage."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen

from mtljax.base import Module, MultiTask
from mtljax.module import features_of, from_linen
from mtljax.sharing._check import check
from mtljax.sharing._passes import Step, passes
from mtljax.sharing._stages import by_stage_name


class _Attention(linen.Module):
    """Return ``mask * features``; the mask reads the features and the previous fusion."""

    norm: bool
    axis_name: str | None
    last: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        handed, features, *later = x
        inner = jnp.concatenate([features, *handed], axis=-1)
        for activation in (linen.relu, linen.sigmoid):
            inner = linen.Dense(features.shape[-1], dtype=features.dtype)(inner)
            if self.norm:
                inner = linen.BatchNorm(
                    use_running_average=not train,
                    momentum=0.9,
                    dtype=features.dtype,
                    axis_name=self.axis_name,
                )(inner)
            inner = activation(inner)
        attended = inner * features
        return attended if self.last else (attended, *later)


class _Fusion(linen.Module):
    """Bring the attended features of a stage to the shape of the features of the next stage."""

    @linen.compact
    def __call__(self, x):
        attended, following, *later = x
        *space, channels = following.shape[1:]
        attended = _resized(attended, tuple(space))
        if len(space) == 2:
            handed = linen.Conv(channels, (3, 3), dtype=attended.dtype)(attended)
        else:
            handed = linen.Dense(channels, dtype=attended.dtype)(attended)
        return ((linen.relu(handed),), following, *later)


def mtan(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    norm: bool = True,
    axis_name: str | None = None,
) -> MultiTask:
    """MTAN: all tasks share one backbone, and each task attends to the features of every stage.

    Let ``u^j`` be the output of stage j. Task t multiplies it by a mask, which a small attention
    network computes from ``u^j`` and from the masked features of the stage before:
    ``a_t^j = sigmoid(h_tj(relu(g_tj([u^j; f_j(a_t^(j-1))])))) * u^j``. Here ``[a; b]`` joins the
    channels of a and b. In the first stage the mask depends on ``u^1`` only. For S stages, the
    prediction is ``head_t(a_t^S)`` (Liu et al., CVPR 2019, https://arxiv.org/abs/1803.10704).

    - ``g_tj`` and ``h_tj`` are 1x1 convolutions (dense layers on the last axis). Each task has its
      own. They are stacked in ``params['task']['attention']``.
    - ``f_j`` pools its input to the height and width of ``u^j`` and applies a 3x3 convolution and
      ReLU. For features without height and width, it applies a dense layer and ReLU. All tasks
      share ``f_j``, as in the paper. ``f_2`` is stored in ``params['shared']['fusion0']``, ``f_3``
      in ``params['shared']['fusion1']``, and so on.

    In the paper, the attention of a SegNet block reads the features at one place of the block and
    masks the features at a later place. Here a stage has only one output, which the attention both
    reads and masks. In the library LibMTL, MTAN works only with ResNet.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      norm: Whether batch norm follows each 1x1 convolution, as in the paper.
      axis_name: The axis name of the surrounding ``pmap``, if there is one. Batch norm then
        averages its statistics over the devices of this axis.

    Raises:
      ValueError: The backbone is not a tuple of Modules, or ``heads`` is empty.

    >>> from mtljax import backbones, heads
    >>> model = mtan(backbones.mlp((8, 6)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> x = jnp.ones((2, 4))
    >>> params, state = jax.eval_shape(model.init, jax.random.key(0), x)  # shapes only
    >>> sorted(params['shared']), sorted(params['task']['attention'])
    (['fusion0', 'stage0', 'stage1'], ['stage0', 'stage1'])
    """
    check(backbone, heads)
    stages, last = by_stage_name(backbone), len(backbone) - 1
    steps = [Step(name, _appending(stage, name == 'stage0')) for name, stage in stages.items()]
    for at, name in enumerate(stages):
        steps.append(Step(name, from_linen(_Attention(norm, axis_name, at == last)), own=True))
        if at < last:
            steps.append(Step(f'fusion{at}', from_linen(_Fusion())))
    return passes(steps, heads, 'attention')


def _appending(stage: Module, first: bool) -> Module:
    """Apply the stage to the last output, and pass on all outputs: ``((), u^1, ..., u^j)``.

    Only the last output still needs its skips.
    """

    def newest(x):
        return x if first else x[-1]

    def init(key, x):
        return stage.init(key, newest(x))

    def apply(params, state, x, *, key=None, train=False):
        y, state = stage.apply(params, state, newest(x), key=key, train=train)
        return ((), y) if first else (*map(features_of, x), y), state

    return Module(init, apply)


def _resized(x: Any, space: tuple[int, ...]) -> Any:
    """Pool, resize or average the spatial axes of ``[B, ..., C]`` to the sizes ``space``."""
    old = x.shape[1:-1]
    if len(old) != len(space):
        return x.mean(axis=tuple(range(1, x.ndim - 1))) if not space else _grown(x, space)
    window = tuple(math.ceil(a / b) for a, b in zip(old, space, strict=True))
    pooled = linen.max_pool(x, window, window, 'SAME') if old != space else x
    if pooled.shape[1:-1] == space:
        return pooled
    return jax.image.resize(x, (x.shape[0], *space, x.shape[-1]), 'linear').astype(x.dtype)


def _grown(x: Any, space: tuple[int, ...]) -> Any:
    """Return the mean of ``x`` at every place."""
    mean = x.mean(axis=tuple(range(1, x.ndim - 1)))
    wide = mean.reshape(x.shape[0], *(1 for _ in space), x.shape[-1])
    return jnp.broadcast_to(wide, (x.shape[0], *space, x.shape[-1]))
