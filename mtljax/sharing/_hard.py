"""Hard parameter sharing."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.sharing._branched import branched


def hard(backbone: tuple[Module, ...], heads: Mapping[str, Module]) -> MultiTask:
    """One backbone for all tasks, one head per task (Caruana, Machine Learning 1997).

    ``prediction_t = head_t(backbone(x))``. The backbone lies under ``params['shared']`` as
    ``'stage0'``, ``'stage1'``, ...; heads lie under ``params['task']['heads']``.

    Args:
      backbone: The stages of the network, a tuple of Modules.
      heads: ``{task: Module}``. Their order is the order of every T axis.

    Raises:
      ValueError: The backbone is not a tuple of Modules, or there is no head.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = hard(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> predictions, _ = model.apply(params, state, jax.numpy.ones((2, 4)))
    >>> {task: y.shape for task, y in predictions.items()}
    {'b': (2, 3), 'a': (2,)}
    """
    return branched(backbone, heads, at={})
