"""ConFIG: an update with the same cosine to the gradient of every task."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def conflict_free(*, preference: PerTask | None = None) -> Surgery:
    """ConFIG: the update has the same cosine to the gradient of every task.

    Let ``g_t`` be the gradient of task t, and let U be the matrix whose rows are the unit gradients
    ``g_t / |g_t|``. The direction of the update is ``u = U^+ p / |U^+ p|``, where ``U^+`` is the
    pseudo-inverse of U and p is by default a vector of ones. The update is
    ``d = (sum_t g_t . u) u`` (Liu, Chu, Thuerey, ICLR 2025, https://arxiv.org/abs/2408.11104). This
    library uses the equivalent form ``U^+ p = U^T (U U^T)^+ p``, which needs only the norms and
    cosines of the task gradients. The variant `conflict_free_momentum` needs only one task gradient
    per step.

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Zero gradients and tasks without a label in the batch are left out. If the gradients are
    linearly dependent and no direction has equal cosines, ``U^+ p`` is the least-squares solution x
    of ``U x = p``. If ``U^+ p`` is 0, for example for two opposite gradients, the update is 0. The
    method is deterministic. If a task gradient is not finite, the update is not finite.

    Args:
      preference: The vector p, ``[T]``. The cosines between the update and the task gradients are
        proportional to p. None means equal cosines.

    Raises:
      ValueError: ``preference`` is not one finite number >= 0 per task.

    >>> method = conflict_free()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.158..., 2.070..., 2.070...]
    """
    if preference is not None:
        check_weights('preference', preference)

    def weigh(norms, cosines, inner, *, losses, active, key):
        return config_weights(norms, cosines, preference), inner

    return from_cosines(weigh, scale='sum')


def config_weights(
    norms: Float[Array, 'T'], cosines: Float[Array, 'T T'], preference: PerTask | None
) -> Float[Array, 'T']:
    """Return the task weights ``[T]`` of ConFIG."""
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
