"""Neural discriminative dimensionality reduction between towers."""

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
    """One tower per task; after each stage, a 1x1 convolution of all towers' channels.

    ``x_t <- relu(norm([x_1, ..., x_T] W_t))``, ``W_t`` of ``[T C, C]`` (Gao et al., CVPR 2019,
    https://arxiv.org/abs/1801.08297): cross-stitch with full matrices. At the start ``W_t`` is
    diagonal: ``own`` on the channels of the task, ``1 - own`` in equal parts on the channels of the
    other tasks. Parameters lie where those of `cross_stitch` lie.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      own: The first weight of the features of the task itself.
      norm: Whether batch norm and ReLU follow the convolution, as in the paper.
      axis_name: The axis name of the surrounding pmap. Batch norm averages over its devices.
      start: The first stage with one tower per task. All tasks share the stages before it.
      after: The stages that a unit follows, counted from 0. All stages from ``start`` on by
        default.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, or an option is out of
        range.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = nddr(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jnp.ones((2, 4)))
    >>> params['task']['units']['a']['kernel'].shape
    (2, 8, 8)
    """
    check_option('own', own, 'a finite number')

    def unit(task: int, num_tasks: int) -> Module:
        return from_linen(_Reduce(first_weights(task, num_tasks, own), norm, axis_name))

    return lateral(backbone, heads, unit, start=start, after=after)
