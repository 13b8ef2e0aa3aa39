"""One trunk with small bottlenecks for each task."""

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
    """One trunk; each task adds the output of its own bottleneck after the stages.

    ``h_t = h + up_t(relu(down_t(h)))`` over the last axis (channels). At the start ``up_t = 0``, so
    that training starts from hard sharing (Rebuffi, Bilen, Vedaldi, NeurIPS 2017,
    https://arxiv.org/abs/1705.08045; Houlsby et al., ICML 2019, https://arxiv.org/abs/1902.00751).
    The adapters are stacked, ``params['task']['adapters']`` with leaves ``[T, ...]``. All that
    comes after the first adapter runs once per task. With a frozen backbone (``module.freeze``)
    this is parameter-efficient transfer.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.
      width: The number of units of a bottleneck.
      after: The stages that an adapter follows, counted from 0. All stages by default.

    Raises:
      ValueError: The backbone is not a tuple of Modules, there is no head, a stage does not exist,
        or ``width`` is below 1.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> two = {'b': heads.linear(3), 'a': heads.linear()}
    >>> model = adapters(backbones.mlp((8,)), two, width=2)
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['adapters']['stage0']['Dense_0']['kernel'].shape
    (2, 8, 2)
    """
    check_count('width', width, 1)
    return trunk_with_units(backbone, heads, from_linen(_Bottleneck(width)), 'adapters', after)
