"""A function of the losses that says where the trunk of the model ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float

from mtljax.base import Params


@dataclass(frozen=True)
class Cut:
    """The losses of a model in two parts: the trunk up to the features, then the heads.

    `task_gradients` takes a Cut in place of a plain loss function. It then differentiates every
    head once, and only the trunk once per task.

    The whole function is ``losses(params) = readout(params, trunk(params['shared']))``. The trunk
    computes the features ``z`` from the shared parameters, and the readout computes the losses from
    ``z``.

    Attributes:
      trunk: ``(params['shared']) -> (z, carry)``. The carry is passed on and is not differentiated;
        it is a new state, for example.
      loss: ``(params, z, carry, task) -> (loss, carry)``, the loss of one task. ``task`` is the
        index of the task. ``params`` has no ``'shared'`` unless ``coupled`` is True.
      losses: ``(params, z, carry) -> (losses [T], carry)``, the losses of all T tasks.
      num_tasks: The number of tasks, T.
      coupled: Whether ``loss`` reads ``params['shared']``.
    """

    trunk: Callable[[Params], tuple[Any, Any]]
    loss: Callable[..., tuple[Array, Any]]
    losses: Callable[..., tuple[Array, Any]]
    num_tasks: int
    coupled: bool = False

    def __call__(self, params: Params) -> tuple[Float[Array, 'T'], Any]:
        """The losses of all tasks, ``[T]``, and the last carry."""
        return self.losses(params, *self.trunk(params['shared']))
