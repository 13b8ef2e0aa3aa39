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
    """Gradients of parameters that one task each uses, so that a sum keeps the tasks apart.

    Attributes:
      pull: ``(weights [T]) -> tree``: the gradient of the weighted sum of the losses.
      total: ``pull(weights)``, which one pullback gave together with the gradients at the features.
      weights: The weights of the losses so far.
      engine: How single rows are formed when a method needs them.
    """

    pull: Callable[[Array], Params]
    total: Params
    weights: Float[Array, 'T']
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
        """The rows, ``[T, ...]``: zero outside the parameters of each task."""
        return Stacked(self.engine(self.pull, jnp.diag(self.weights)), self.num_tasks)

    def gramian(self) -> Float[Array, 'T T']:
        """``J J^T``."""
        return self.realise().gramian()

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """Norms and cosines of the rows."""
        return self.realise().normalised(active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w``; without ``w``, the total that is already there."""
        return self.total if weights is None else self.pull(self.weights * jnp.asarray(weights))

    def stacked(self) -> Params:
        """The rows, formed."""
        return self.realise().stacked()


@dataclass(frozen=True)
class ModelJacobian:
    """The Jacobian of a tree ``{name: subtree}``, one Jacobian per subtree: ``parts['shared']``.

    Attributes:
      rescaled: ``(weights [T]) -> ModelJacobian``: the same losses with these weights.
      parts: One Jacobian per subtree.
      weights: The weights of the losses so far.
    """

    rescaled: Callable[[Array], 'ModelJacobian']
    parts: dict[str, Jacobian]
    weights: Float[Array, 'T']

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.weights.shape[0]

    def __getitem__(self, name: str) -> Jacobian:
        return self.parts[name]

    def scale(self, weights: ArrayLike) -> 'ModelJacobian':
        """``diag(w) J``, by a second pullback of the heads that starts from the weights.

        The trunk is not pulled back here. Nothing reads the pullback of the heads with the old
        weights any more, so under jit the compiler removes it, and a step pays for one pullback.
        Outside jit both run.
        """
        return self.rescaled(self.weights * jnp.asarray(weights))

    def realise(self) -> 'ModelJacobian':
        """The same Jacobian with the rows of every part formed."""
        parts = {name: part.realise() for name, part in self.parts.items()}
        return replace(self, parts=parts)

    def gramian(self) -> Float[Array, 'T T']:
        """``J J^T``: the sum over the parts."""
        return sum((part.gramian() for part in self.parts.values()), jnp.zeros(()))

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """Norms and cosines of the rows over all parts."""
        pairs = [part.normalised(active) for part in self.parts.values()]
        norms, angles = (jnp.stack(each) for each in zip(*pairs, strict=True))
        largest = jnp.max(norms, axis=0, keepdims=True)
        share = norms / divisor(largest)
        length = jnp.sqrt(jnp.sum(share**2, axis=0, keepdims=True))
        share = share / divisor(length)
        return (largest * length)[0], jnp.einsum('pt,ps,pts->ts', share, share, angles)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` of every part."""
        return {name: part.combine(weights) for name, part in self.parts.items()}

    def stacked(self) -> Params:
        """The rows of every part."""
        return {name: part.stacked() for name, part in self.parts.items()}
