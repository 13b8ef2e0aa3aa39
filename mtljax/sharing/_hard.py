"""Hard parameter sharing."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.sharing._branched import branched


def hard(backbone: tuple[Module, ...], heads: Mapping[str, Module]) -> MultiTask:
    """Hard sharing: one backbone for all tasks, and one head per task.

    The prediction of task t is ``head_t(backbone(x))`` (Caruana, Machine Learning 1997). The stages
    of the backbone are stored in ``params['shared']['stage0']``, ``params['shared']['stage1']`` and
    so on. The heads are stored in ``params['task']['heads']``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.

    Raises:
      ValueError: The backbone is not a tuple of Modules, or ``heads`` is empty.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = hard(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> predictions, _ = model.apply(params, state, jax.numpy.ones((2, 4)))
    >>> {task: y.shape for task, y in predictions.items()}
    {'b': (2, 3), 'a': (2,)}
    """
    return branched(backbone, heads, at={})
