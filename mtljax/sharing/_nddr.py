"""NDDR-CNN: neural discriminative dimensionality reduction between towers."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from flax import linen

from mtljax.base import Module, MultiTask
from mtljax.module import from_linen
from mtljax.options import check_option
from mtljax.sharing._cross_stitch import first_weights
from mtljax.sharing._lateral import lateral


class _Reduce(linen.Module):
    weights: Any
    norm: bool
    axis_name: str | None

    @linen.compact
    def __call__(self, rows, train: bool = False):
        tasks, channels = rows.shape[0], rows.shape[-1]

        def first(key, shape):
            return jnp.kron(self.weights[:, None], jnp.eye(channels)).reshape(shape)

        kernel = self.param('kernel', first, (tasks, channels, channels))
        x = jnp.einsum('t...c,tcd->...d', rows, kernel.astype(rows.dtype))
        if not self.norm:
            return x
        norm = linen.BatchNorm(
            use_running_average=not train, momentum=0.9, dtype=x.dtype, axis_name=self.axis_name
        )
        return linen.relu(norm(x))


def nddr(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    own: Any = 0.9,
    norm: bool = True,
    axis_name: str | None = None,
    start: int = 0,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """NDDR-CNN: one tower per task, whose channels are mixed by a 1x1 convolution after each stage.

    A tower is a copy of the backbone for one task, from the stage ``start`` on. After a stage with
    C channels, the features of task t become ``x_t <- relu(norm([x_1, ..., x_T] W_t))``. Here
    ``norm`` is batch norm, and ``W_t`` is a learned matrix of the shape ``[T C, C]`` for T tasks,
    stored as an array ``[T, C, C]`` (Gao et al., CVPR 2019, https://arxiv.org/abs/1801.08297). So
    each channel reads all channels of all towers. In contrast, `cross_stitch` mixes a channel only
    with the same channel of the other towers.

    At the start, ``W_t`` multiplies each channel of task t by ``own`` and adds the same channel of
    the other towers, with equal weights that sum to ``1 - own``.

    Below, a unit of task t is its mixing step after one stage: ``W_t``, norm and ReLU. The losses
    of all tasks depend on the stages of the towers up to the last unit, and on all units except the
    last. These stages are stored in ``params['shared']['towers']``, and these units in
    ``params['shared']['units']``, stacked over the tasks. The last unit of task t affects only the
    loss of task t, and is stored in ``params['task']['units'][t]``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      own: The factor by which ``W_t`` multiplies the channels of task t at the start.
      norm: Whether batch norm and ReLU follow the convolution, as in the paper.
      axis_name: The axis name of the surrounding ``pmap``, if there is one. Batch norm then
        averages its statistics over the devices of this axis.
      start: The index in ``backbone`` of the first stage of the towers, counted from 0. All tasks
        share the stages before it, which are stored under ``params['shared']``.
      after: The stages with a unit after them, as indices into ``backbone`` counted from 0. By
        default a unit follows every stage from ``start`` on. The stages of a tower after its last
        unit are stored with the head of the task, not under ``'towers'``.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, or an option is out of
        range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = nddr(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['task']['units']['a']['kernel'].shape  # W_a, [T, C, C]
    (2, 8, 8)
    """
    check_option('own', own, 'a finite number')

    def unit(task: int, num_tasks: int) -> Module:
        return from_linen(_Reduce(first_weights(task, num_tasks, own), norm, axis_name))

    return lateral(backbone, heads, unit, start=start, after=after)
