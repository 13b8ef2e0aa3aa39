"""Gradients at the features instead of gradients of the shared parameters."""

from dataclasses import dataclass

import jax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax import trees
from mtljax._numeric import mean_over
from mtljax.base import Params
from mtljax.gradients._cosines import norms_and_cosines
from mtljax.gradients._jacobian import Pullback, Stacked


@dataclass(frozen=True)
class Representation:
    """A Jacobian with an approximate Gramian: that of the gradients at the features.

    ``G_st = <dL_s/dz, dL_t/dz>`` for tasks s and t is the upper bound of Sener and Koltun (NeurIPS
    2018, https://arxiv.org/abs/1810.04650). The trunk is not pulled back once per task. The
    weighted sum of the gradients is exact. But the weights that a method finds are not those that
    it would find from the gradients of the parameters.

    Attributes:
      exact: The cotangents at the features, and their pullback through the trunk.
    """

    exact: Pullback

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        return self.exact.num_tasks

    def scale(self, weights: ArrayLike) -> 'Representation':
        """Multiply row t by ``weights[t]``: ``diag(weights) J``. The cotangents are multiplied."""
        return Representation(self.exact.scale(weights))

    def realise(self) -> 'Representation':
        """Return the same Jacobian, since its Gramian needs no rows."""
        return self

    def gramian(self) -> Float[Array, 'T T']:
        """The Gramian of the gradients at the features, over the whole batch."""
        axis_name = self.exact.axis_name
        z = Stacked(trees.stack([row['z'] for row in self.exact.rows]), self.num_tasks).gramian()
        if axis_name is not None:
            # Each device holds part of the batch, and losses are means over devices.
            z = jax.lax.pmean(z, axis_name) / jax.lax.psum(1, axis_name)
        direct = trees.stack([row.get('shared', {}) for row in self.exact.rows])
        return z + Stacked(mean_over(axis_name, direct), self.num_tasks).gramian()

    def normalised(
        self, active: Bool[Array, 'T'] | None = None
    ) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
        """The norms and the cosines of the gradients at the features."""
        return norms_and_cosines(
            self.gramian(), lambda factors: self.scale(factors).gramian(), active
        )

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, exactly, by one pullback."""
        return self.exact.combine(weights)

    def stacked(self) -> Params:
        """The exact rows: the gradients of the parameters."""
        return self.exact.stacked()
