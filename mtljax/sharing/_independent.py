"""The single-task baseline: the tasks share nothing."""

from collections.abc import Mapping

from mtljax.base import Module, MultiTask
from mtljax.sharing._soft import soft


def independent(backbone: tuple[Module, ...], heads: Mapping[str, Module]) -> MultiTask:
    """Separate single-task models of all tasks in one program: the tasks share no parameters.

    The prediction of task t is ``head_t(backbone_t(x))``. The T copies of the backbone run in one
    ``vmap``. They are stacked in ``params['task']['towers']``, where each array has T as its first
    axis. ``params['shared']`` is empty.

    To keep the tasks independent, use an optimizer that treats every parameter separately, such as
    SGD or Adam. Gradient clipping by the global norm would make the tasks depend on each other.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.

    Raises:
      ValueError: The backbone is not a tuple of Modules, or ``heads`` is empty.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> model = independent(backbones.mlp((8,)), {'b': heads.linear(3), 'a': heads.linear()})
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> params['task']['towers']['stage0']['Dense_0']['kernel'].shape
    (2, 4, 8)
    """
    return soft(backbone, heads)
