"""A loss function that says where the trunk of the model ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float

from mtljax.base import Params


@dataclass(frozen=True)
class Cut:
    """The losses of a multi-task model, as a function in two parts: the trunk and the heads.

    The trunk computes the features ``z`` from the shared parameters. The heads compute the loss of
    each task from ``z``.

    `task_gradients` accepts a Cut in place of a plain loss function, because this saves time. With
    a Cut, one backward pass through the heads gives the gradients of the heads of all tasks. With a
    plain loss function, there is one backward pass through the heads for each task.

    Attributes:
      trunk: ``(shared) -> (z, carry)``, where ``shared`` is ``params['shared']``. ``carry`` is any
        other result of the trunk, such as the new state of the model. It is not differentiated.
      loss: ``(params, z, carry, task) -> (loss, carry)``, the loss of the task with the index
        ``task``. The argument ``carry`` comes from the trunk for the first task, and from the
        previous call of ``loss`` for every other task. ``params`` has the entry ``'shared'`` only
        if ``coupled`` is True.
      losses: ``(params, z, carry) -> (losses [T], carry)``, the losses of all T tasks at once.
      num_tasks: The number of tasks, T.
      coupled: Whether the heads also read ``params['shared']``.
    """

    trunk: Callable[[Params], tuple[Any, Any]]
    loss: Callable[..., tuple[Array, Any]]
    losses: Callable[..., tuple[Array, Any]]
    num_tasks: int
    coupled: bool = False

    def __call__(self, params: Params) -> tuple[Float[Array, 'T'], Any]:
        """Run the trunk, then all heads, and return the losses ``[T]`` and the new carry."""
        return self.losses(params, *self.trunk(params['shared']))
