"""The gradients at the features in place of those of the shared parameters."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import trees
from mtljax.base import Array, Params
from mtljax.gradients._cosines import cosines
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
        gramian, axis_name = self._features().gramian(), self.exact.axis_name
        if axis_name is None:
            return gramian
        # each device holds part of the batch, and losses are means over devices
        return jax.lax.pmean(gramian, axis_name) / jax.lax.psum(1, axis_name)

    def normalised(self) -> tuple[Array, Array]:
        """Norms and cosines at the features."""
        if self.exact.axis_name is None:
            return self._features().normalised()
        gramian = self.gramian()
        return jnp.sqrt(jnp.diagonal(gramian)), cosines(gramian)

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """``J^T w`` by one pullback of the weighted cotangent, exact."""
        return self.exact.combine(weights)

    def stacked(self) -> Params:
        """The rows themselves: gradients of the parameters, exact."""
        return self.exact.stacked()

    def _features(self) -> Stacked:
        return Stacked(trees.stack(self.exact.rows), self.num_tasks)
