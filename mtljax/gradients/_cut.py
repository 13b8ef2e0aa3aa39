"""A vector of losses that says where its trunk ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mtljax.base import Array, Params


@dataclass(frozen=True)
class Cut:
    """``losses(params) = readout(params, trunk(params['shared']))``, cut at the features ``z``.

    Engines that hold rows differentiate each head once, not T times; only the trunk is pulled back
    per task.

    Attributes:
      trunk: ``(params['shared']) -> (z, carry)``; ``carry`` is not differentiated (a new state).
      loss: ``(params, z, carry, task) -> (loss, carry)`` for the task with that index alone;
        ``params`` lacks ``'shared'`` unless ``coupled``.
      losses: the same for all tasks at once, ``(params, z, carry) -> (losses [T], carry)``.
      num_tasks: T.
      coupled: whether ``loss`` reads ``params['shared']``.
    """

    trunk: Callable[[Params], tuple[Any, Any]]
    loss: Callable[..., tuple[Array, Any]]
    losses: Callable[..., tuple[Array, Any]]
    num_tasks: int
    coupled: bool = False

    def __call__(self, params: Params) -> tuple[Array, Any]:
        """The losses ``[T]`` and the last carry, as a plain function."""
        return self.losses(params, *self.trunk(params['shared']))
