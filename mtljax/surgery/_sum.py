"""The plain sum."""

import jax.numpy as jnp

from mtljax.surgery._surgery import Surgery, Traits, transform


def sum() -> Surgery:
    """The sum of the task gradients, ``d = sum_t g_t``, by one backward pass.

    Equal gradients g give ``T g``. Head gradients are not weighted. Inactive tasks and zero
    gradients add nothing. A gradient that is not finite makes the sum not finite. The method is not
    random.

    >>> method = sum()
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [4.0, 6.0]
    """

    def combine(jacobian, inner, *, losses, active, key):
        weights = active.astype(jnp.float32)
        return jacobian.combine(weights), weights, inner

    return transform(combine, traits=Traits(plain=True, scale='sum'))
