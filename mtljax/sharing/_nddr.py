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
    diagonal: ``own`` on the task's channels, the rest of 1 in equal parts on the others'. Where
    parameters lie is as in `cross_stitch`.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      own: the first weight of a task's own features.
      norm: batch norm and ReLU behind the convolution, as in the paper.
      axis_name: of a surrounding pmap, over whose devices the batch norm averages.
      start: the first stage with towers of its own; those before are common.
      after: the stages, counted from 0, that a unit follows; all from ``start`` on when left out.

    Raises:
      ValueError: the backbone is no tuple of Modules, there is no head, or an option out of range.

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
