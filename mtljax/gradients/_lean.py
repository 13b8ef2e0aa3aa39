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
    """The Jacobian ``diag(w) J``, given by a linear function and its transpose, without its rows.

    ``J J^T e_t = push(pull(e_t))`` is column t of the Gramian, where ``e_t`` is the unit vector of
    task t. The Gramian is exact for every architecture. It takes the memory of a few gradients for
    any number of tasks T, because only one row exists at a time.

    Attributes:
      push: ``(tangent in the parameters' shape) -> [T]``.
      pull: ``([T]) -> tree``, the transpose of ``push``.
      weights: The weights w of the losses.
      engine: The function that runs the tasks one after the other.
      axis_name: The name of the mapped axis. Gradients are averaged over its devices.
    """

    push: Callable[[Params], Array]
    pull: Callable[[Array], Params]
    weights: Float[Array, 'T']
    engine: Engine
    axis_name: str | None = None

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return self.weights.shape[0]

    def scale(self, weights: ArrayLike) -> 'Lean':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``."""
        return replace(self, weights=self.weights * jnp.asarray(weights))

    def realise(self) -> 'Lean':
        """Return the same Jacobian, since it stores no rows."""
        return self

    def gramian(self) -> Float[Array, 'T T']:
        """The inner products of all rows, ``J J^T``, column by column."""
        gramian = self._products(self._each(lambda row: self.push(self._row(row))))
        return (gramian + gramian.T) / 2  # symmetric up to rounding only

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the rows.

        If the square of a norm does not fit float32, the rows are scaled first.
        """
        return norms_and_cosines(self.gramian(), self._scaled_gramian, active)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, by one pullback."""
        factor = 1 if weights is None else jnp.asarray(weights)
        return self._row(self.weights * factor)

    def stacked(self) -> Params:
        """The rows, computed one after the other."""
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

        For each entry, the longer of the two rows is pushed forward. It is multiplied by both
        factors.
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
