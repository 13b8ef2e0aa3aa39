"""The gradients at the features in place of those of the shared parameters."""

from dataclasses import dataclass

import jax
from jax.typing import ArrayLike

from mtljax import trees
from mtljax.base import Array, Params
from mtljax.gradients._cosines import norms_and_cosines
from mtljax.gradients._jacobian import Pullback, Stacked


@dataclass(frozen=True)
class Representation:
    """Rows whose Gramian is taken before they are pulled back through the trunk.

    ``G_st = <dL_s/dz, dL_t/dz>``: the upper bound of Sener and Koltun (NeurIPS 2018,
    https://arxiv.org/abs/1810.04650). No trunk is pulled back per task. The weighted sum is exact;
    its weights are not those of the parameters' gradients.

    Attributes:
      exact: the rows, and how they are pulled back.
    """

    exact: Pullback

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.exact.num_tasks

    def scale(self, weights: ArrayLike) -> 'Representation':
        """``diag(w) J``, on the cotangents."""
        return Representation(self.exact.scale(weights))

    def realise(self) -> 'Representation':
        """Itself."""
        return self

    def gramian(self) -> Array:
        """The Gramian at the features, over the whole batch."""
        axis_name = self.exact.axis_name
        z = Stacked(trees.stack([row['z'] for row in self.exact.rows]), self.num_tasks).gramian()
        if axis_name is not None:
            # each device holds part of the batch, and losses are means over devices
            z = jax.lax.pmean(z, axis_name) / jax.lax.psum(1, axis_name)
        own = trees.stack([row.get('shared', {}) for row in self.exact.rows])
        own = own if axis_name is None else jax.lax.pmean(own, axis_name)
        return z + Stacked(own, self.num_tasks).gramian()

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """Norms and cosines at the features."""
        return norms_and_cosines(
            self.gramian(), lambda factors: self.scale(factors).gramian(), active
        )

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` by one pullback of the weighted cotangent, exact."""
        return self.exact.combine(weights)

    def stacked(self) -> Params:
        """The rows themselves: gradients of the parameters, exact."""
        return self.exact.stacked()
