"""A Jacobian that is never stored: its Gramian needs one pullback and one pushforward per task."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax._numeric import mean_over
from mtljax.base import Params
from mtljax.gradients._cosines import norms_and_cosines
from mtljax.gradients._jacobian import Engine


@dataclass(frozen=True)
class Lean:
    """``diag(w) J`` of a linear function and its transpose; one row is alive at a time.

    ``J J^T e_t = push(pull(e_t))`` is a column of the Gramian. It is exact for every architecture,
    and takes the memory of a few gradients for any T.

    Attributes:
      push: ``(tangent in the parameters' shape) -> [T]``.
      pull: ``([T]) -> tree``, its transpose.
      weights: The weights of the losses.
      engine: How the tasks follow one another.
      axis_name: The mapped axis; gradients are averaged over its devices.
    """

    push: Callable[[Params], Array]
    pull: Callable[[Array], Params]
    weights: Float[Array, 'T']
    engine: Engine
    axis_name: str | None = None

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.weights.shape[0]

    def scale(self, weights: ArrayLike) -> 'Lean':
        """``diag(w) J``."""
        return replace(self, weights=self.weights * jnp.asarray(weights))

    def realise(self) -> 'Lean':
        """The same Jacobian: no row is formed."""
        return self

    def gramian(self) -> Float[Array, 'T T']:
        """``J J^T``, column by column."""
        gramian = self._products(self._each(lambda row: self.push(self._row(row))))
        return (gramian + gramian.T) / 2  # symmetric up to rounding only

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """Norms and cosines; rows are scaled first only where their squares do not fit float32."""
        return norms_and_cosines(self.gramian(), self._scaled_gramian, active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` by one pullback."""
        factor = 1 if weights is None else jnp.asarray(weights)
        return self._row(self.weights * factor)

    def stacked(self) -> Params:
        """The rows, formed one after the other."""
        return self._each(self._row)

    @property
    def _dtype(self):
        return jnp.result_type(jnp.float32, self.weights.dtype)

    def _each(self, function):
        return self.engine(function, jnp.diag(self.weights))

    def _row(self, weights: Array) -> Params:
        return self._mean(self.pull(weights))

    def _scaled_gramian(self, factors: Array) -> Array:
        """The Gramian of ``diag(f) J``.

        In each entry the longer of the two rows is pushed, and it carries both factors.
        """

        def column(pair):
            row, factor = pair
            return self.push(_times(factor, _times(factor, self._row(row))))

        columns = self.engine(column, (jnp.diag(self.weights), factors))
        gramian = self._products(columns) * factors[None] / factors[:, None]
        return jnp.where(factors[:, None] <= factors[None], gramian, gramian.T)

    def _products(self, columns: Array) -> Array:
        return self._mean(columns).astype(self._dtype) * self.weights[None]

    def _mean(self, tree):
        return mean_over(self.axis_name, tree)


def _times(factor: Array, tree: Params) -> Params:
    return jax.tree.map(lambda leaf: (factor * leaf).astype(leaf.dtype), tree)
