"""The Jacobian of a model, in two parts: ``'shared'`` and ``'task'``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.base import Array, Jacobian, Params
from mtljax.gradients._jacobian import Engine, Stacked


@dataclass(frozen=True)
class TaskPart:
    """Gradients of parameters that belong to one task each, so that the sum keeps them apart.

    Attributes:
      pull: ``(weights [T]) -> tree``: the gradient of the weighted sum of the losses.
      total: ``pull(weights)``, which came with the gradients at the features.
      weights: the weights of the losses so far, ``[T]``.
      engine: how single rows are formed, where a method asks for them.
    """

    pull: Callable[[Array], Params]
    total: Params
    weights: Array
    engine: Engine

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.weights.shape[0]

    def scale(self, weights: ArrayLike) -> 'TaskPart':
        """``diag(w) J``."""
        weights = self.weights * jnp.asarray(weights)
        return replace(self, weights=weights, total=self.pull(weights))

    def realise(self) -> Stacked:
        """The rows, ``[T, ...]``: zero outside each task's own parameters."""
        return Stacked(self.engine(self.pull, jnp.diag(self.weights)), self.num_tasks)

    def gramian(self) -> Array:
        """``J J^T``."""
        return self.realise().gramian()

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """Norms and cosines of the rows."""
        return self.realise().normalised(active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w``; without ``w``, what is already there."""
        return self.total if weights is None else self.pull(self.weights * jnp.asarray(weights))

    def stacked(self) -> Params:
        """The rows, formed."""
        return self.realise().stacked()


@dataclass(frozen=True)
class ModelJacobian:
    """The Jacobian of a tree ``{name: subtree}``, one Jacobian per subtree: ``parts['shared']``.

    Attributes:
      rescaled: ``(weights [T]) -> ModelJacobian``: the same losses with these weights.
      parts: one Jacobian per subtree.
      weights: the weights of the losses so far, ``[T]``.
    """

    rescaled: Callable[[Array], 'ModelJacobian']
    parts: dict[str, Jacobian]
    weights: Array

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.weights.shape[0]

    def __getitem__(self, name: str) -> Jacobian:
        return self.parts[name]

    def scale(self, weights: ArrayLike) -> 'ModelJacobian':
        """``diag(w) J``: the weights enter before the heads are pulled back."""
        return self.rescaled(self.weights * jnp.asarray(weights))

    def realise(self) -> 'ModelJacobian':
        """The rows of every part."""
        parts = {name: part.realise() for name, part in self.parts.items()}
        return replace(self, parts=parts)

    def gramian(self) -> Array:
        """``J J^T``: the sum over the parts."""
        return sum((part.gramian() for part in self.parts.values()), jnp.zeros(()))

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """Norms and cosines of the rows over all parts."""
        found = [part.normalised(active) for part in self.parts.values()]
        norms, angles = (jnp.stack(each) for each in zip(*found, strict=True))
        largest = jnp.max(norms, axis=0, keepdims=True)
        share = norms / jnp.where(largest > 0, largest, 1)
        length = jnp.sqrt(jnp.sum(share**2, axis=0, keepdims=True))
        share = share / jnp.where(length > 0, length, 1)
        return (largest * length)[0], jnp.einsum('pt,ps,pts->ts', share, share, angles)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` of every part."""
        return {name: part.combine(weights) for name, part in self.parts.items()}

    def stacked(self) -> Params:
        """The rows of every part."""
        return {name: part.stacked() for name, part in self.parts.items()}
