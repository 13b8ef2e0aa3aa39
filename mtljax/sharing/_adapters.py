"""One trunk, and a small adapter of each task after every stage."""

from collections.abc import Mapping, Sequence

from flax import linen

from mtljax.base import Module, MultiTask
from mtljax.module import from_linen
from mtljax.options import check_count
from mtljax.sharing._passes import trunk_with_units


class _Bottleneck(linen.Module):
    width: int

    @linen.compact
    def __call__(self, x):
        inner = linen.relu(linen.Dense(self.width, dtype=x.dtype)(x))
        zeros = linen.initializers.zeros
        return x + linen.Dense(x.shape[-1], kernel_init=zeros, dtype=x.dtype)(inner)


def adapters(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    width: int = 8,
    after: Sequence[int] | None = None,
) -> MultiTask:
    """Adapters: all tasks share one backbone, and each task adds a small network after the stages.

    If the output of a stage is h, task t continues with ``h_t = h + up_t(relu(down_t(h)))``. The
    dense layers ``down_t`` and ``up_t`` form the adapter of task t (Rebuffi, Bilen, Vedaldi,
    NeurIPS 2017, https://arxiv.org/abs/1705.08045; Houlsby et al., ICML 2019,
    https://arxiv.org/abs/1902.00751). Both layers act on the last axis (the channels). At the start
    ``up_t`` is 0, so an adapter changes nothing and training starts from the model of `hard`. For
    parameter-efficient transfer learning, freeze the backbone with ``module.freeze``.

    The adapters of all T tasks are stacked in ``params['task']['adapters']``. There, each array has
    T as its first axis. Every stage after the first adapter runs once per task.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      width: The number of outputs of ``down_t``.
      after: The stages with an adapter after them, as indices into ``backbone`` counted from 0. The
        default is all stages.

    Raises:
      ValueError: The backbone is not a tuple of Modules, ``heads`` is empty, ``after`` has an index
        that does not exist, or ``width`` is below 1.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = adapters(backbones.mlp((8,)), two, width=2)
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['adapters']['stage0']['Dense_0']['kernel'].shape  # down_t, [T, 8, width]
    (2, 8, 2)
    """
    check_count('width', width, 1)
    return trunk_with_units(backbone, heads, from_linen(_Bottleneck(width)), 'adapters', after)
