"""The plain sum of the task gradients."""

import jax.numpy as jnp

from mtljax.surgery._surgery import Surgery, Traits, transform


def sum() -> Surgery:
    """Add up the task gradients.

    The update is ``d = sum_t g_t``, where ``g_t`` is the gradient of task t. With this
    method, `training.train_step` needs only one backward pass.

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. The method is deterministic. If a task gradient
    is not finite, the update is not finite.

    >>> method = sum()
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [4.0, 6.0]
    """

    def combine(jacobian, inner, *, losses, active, key):
        weights = active.astype(jnp.float32)
        return jacobian.combine(weights), weights, inner

    return transform(combine, traits=Traits(plain=True, scale='sum'))
