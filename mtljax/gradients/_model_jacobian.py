"""The Jacobian of a model, in two parts: ``'shared'`` and ``'task'``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor
from mtljax.base import Jacobian, Params
from mtljax.gradients._jacobian import Engine, Stacked


@dataclass(frozen=True)
class TaskPart:
    """The gradients of parameters that belong to one task each.

    The parameters of two tasks do not overlap. A sum of the losses therefore gives all these
    gradients at once.

    Attributes:
      pull: ``(weights [T]) -> tree``, the gradient of the weighted sum of the losses.
      total: ``pull(weights)``. One pullback gave it together with the gradients at the features.
      weights: The factor of every loss so far, ``[T]``.
      engine: The function that computes single rows, for methods that need them.
    """

    pull: Callable[[Array], Params]
    total: Params
    weights: Float[Array, 'T']
    engine: Engine

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return self.weights.shape[0]

    def scale(self, weights: ArrayLike) -> 'TaskPart':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``."""
        weights = self.weights * jnp.asarray(weights)
        return replace(self, weights=weights, total=self.pull(weights))

    def realise(self) -> Stacked:
        """The rows, ``[T, ...]``. A row is zero outside the parameters of its task."""
        return Stacked(self.engine(self.pull, jnp.diag(self.weights)), self.num_tasks)

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows, ``J J^T``."""
        return self.realise().gramian()

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows."""
        return self.realise().normalised(active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``. By default, it is stored already."""
        return self.total if weights is None else self.pull(self.weights * jnp.asarray(weights))

    def stacked(self) -> Params:
        """The rows, computed now."""
        return self.realise().stacked()


@dataclass(frozen=True)
class ModelJacobian:
    """The Jacobian of a model: one Jacobian per subtree of the parameters.

    Row t of a Jacobian is the gradient of the loss of task t. ``jacobian['shared']`` holds the
    gradients of the shared parameters. ``jacobian['task']`` holds the gradients of the parameters
    that belong to one task each. The methods are described in `mtljax.Jacobian`.

    Attributes:
      rescaled: A function ``(weights [T]) -> ModelJacobian``. It multiplies the original losses by
        the given weights, and not by the attribute ``weights``, and returns the Jacobian.
      parts: ``{subtree: Jacobian}``, with the subtrees ``'shared'`` and ``'task'``.
      weights: The factors by which the T losses have been multiplied so far, ``[T]``.
    """

    rescaled: Callable[[Array], 'ModelJacobian']
    parts: dict[str, Jacobian]
    weights: Float[Array, 'T']

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return self.weights.shape[0]

    def __getitem__(self, name: str) -> Jacobian:
        return self.parts[name]

    def scale(self, weights: ArrayLike) -> 'ModelJacobian':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``.

        The heads are differentiated again with the new weights, but the trunk is not. Under jit
        this costs no extra time if the gradients with the old weights are not used, because the
        compiler then removes them.
        """
        return self.rescaled(self.weights * jnp.asarray(weights))

    def realise(self) -> 'ModelJacobian':
        """Compute the rows of every part now.

        The engines ``'lean'`` and ``'representation'`` do not need the rows of the part
        ``'shared'``. With these engines, this part stays the same.
        """
        parts = {name: part.realise() for name, part in self.parts.items()}
        return replace(self, parts=parts)

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows, ``J J^T``, summed over the parts."""
        return sum((part.gramian() for part in self.parts.values()), jnp.zeros(()))

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows, over all parts."""
        pairs = [part.normalised(active) for part in self.parts.values()]
        norms, angles = (jnp.stack(each) for each in zip(*pairs, strict=True))
        largest = jnp.max(norms, axis=0, keepdims=True)
        share = norms / divisor(largest)
        length = jnp.sqrt(jnp.sum(share**2, axis=0, keepdims=True))
        share = share / divisor(length)
        return (largest * length)[0], jnp.einsum('pt,ps,pts->ts', share, share, angles)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, for every part."""
        return {name: part.combine(weights) for name, part in self.parts.items()}

    def stacked(self) -> Params:
        """The rows of every part."""
        return {name: part.stacked() for name, part in self.parts.items()}
