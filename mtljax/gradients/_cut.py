"""A vector of losses that says where its trunk ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float

from mtljax.base import Params


@dataclass(frozen=True)
class Cut:
    """``losses(params) = readout(params, trunk(params['shared']))``, cut at the features ``z``.

    Engines that hold rows differentiate each head once, not T times. Only the trunk is pulled back
    once per task.

    Attributes:
      trunk: ``(params['shared']) -> (z, carry)``; ``carry`` is not differentiated (a new state).
      loss: ``(params, z, carry, task) -> (loss, carry)`` for the one task with that index.
        ``params`` has no ``'shared'`` unless ``coupled``.
      losses: The same for all tasks at once, ``(params, z, carry) -> (losses [T], carry)``.
      num_tasks: T.
      coupled: Whether ``loss`` reads ``params['shared']``.
    """

    trunk: Callable[[Params], tuple[Any, Any]]
    loss: Callable[..., tuple[Array, Any]]
    losses: Callable[..., tuple[Array, Any]]
    num_tasks: int
    coupled: bool = False

    def __call__(self, params: Params) -> tuple[Float[Array, 'T'], Any]:
        """The losses ``[T]`` and the last carry, as a plain function."""
        return self.losses(params, *self.trunk(params['shared']))
