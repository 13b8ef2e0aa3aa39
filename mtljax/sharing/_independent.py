"""The single-task baseline."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.sharing._soft import soft


def independent(backbone: tuple[Module, ...], heads: Mapping[str, Module]) -> MultiTask:
    """One backbone and one head per task: single-task training, all tasks in one program.

    ``prediction_t = head_t(backbone_t(x))``. The towers are one stacked subtree,
    ``params['task']['towers']`` with leaves ``[T, ...]``, applied by one vmap;
    ``params['shared']`` is empty. A clip by the global norm would couple the towers; an
    element-wise optimiser (SGD, Adam) does not.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.

    Raises:
      ValueError: The backbone is not a tuple of Modules, or there is no head.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = independent(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['towers']['stage0']['Dense_0']['kernel'].shape
    (2, 4, 8)
    """
    return soft(backbone, heads)
