"""ConFIG: one cosine to every task's gradient."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def conflict_free(*, preference: PerTask | None = None) -> Surgery:
    """ConFIG: the direction with one cosine to all gradients, as long as their projections' sum.

    ``d = (sum_t g_t . u) u``, ``u = U^+ p / |U^+ p|``, U the unit gradients (Liu, Chu, Thuerey,
    ICLR 2025, https://arxiv.org/abs/2408.11104). It is computed as ``U^+ p = U^T (U U^T)^+ p``, so
    that no row has to be held. `conflict_free_momentum` is the form with one task gradient per
    step.

    Equal gradients g give ``T g``. Head gradients are not weighted. The method is not random.
    Inactive tasks and zero gradients are excluded; ``d = 0`` where no such direction exists; a
    gradient that is not finite makes the update not finite.

    Args:
      preference: The vector p, ``[T]``: the ratios of the cosines; ones when None.

    Raises:
      ValueError: The preference is not T finite numbers >= 0.

    >>> method = conflict_free()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.158..., 2.070..., 2.070...]
    """
    check_weights('preference', preference)

    def weigh(norms, cosines, inner, *, losses, active, key):
        return config_weights(norms, cosines, preference), inner

    return from_cosines(weigh, scale='sum')


def config_weights(
    norms: Float[Array, 'T'], cosines: Float[Array, 'T T'], preference: PerTask | None
) -> Float[Array, 'T']:
    """The weights ``[T]`` of ConFIG."""
    usable = norms > 0
    wish = jnp.ones_like(norms)
    if preference is not None:
        check_one_per_task('preference', preference, len(norms))
        wish = jnp.asarray(preference, norms.dtype)
    units = solvers.equiangular(cosines, wish, usable)
    along = cosines @ units
    square = units @ along
    exists = square > 1e-12 * jnp.sum(units**2)
    shares = jnp.where(usable, norms / divisor(jnp.max(norms)), 1)
    length = jnp.sum(jnp.where(usable, shares * along, 0)) / divisor(square, exists)
    most = jnp.finfo(norms.dtype).max
    weights = length * units / jnp.maximum(shares, jnp.finfo(norms.dtype).tiny)
    return jnp.where(usable & exists, jnp.clip(weights, -most, most), 0)
