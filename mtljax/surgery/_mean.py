"""The mean."""

import jax.numpy as jnp

from mtljax.surgery._surgery import Surgery, Traits, transform


def mean() -> Surgery:
    """The mean of the active tasks' gradients, ``d = 1/|A| sum_{t in A} g_t``, one backward pass.

    Equal gradients g give ``g``. Head gradients are not weighted. Inactive tasks do not count; a
    zero gradient counts. A gradient that is not finite makes the mean not finite. The method is not
    random.

    >>> method = mean()
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """

    def combine(jacobian, inner, *, losses, active, key):
        weights = active / jnp.maximum(jnp.sum(active), 1)
        return jacobian.combine(weights), weights, inner

    return transform(combine, traits=Traits(plain=True, scale='mean'))
