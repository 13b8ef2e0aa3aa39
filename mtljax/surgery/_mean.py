"""The mean of the task gradients."""

import jax.numpy as jnp

from mtljax.surgery._surgery import Surgery, Traits, transform


def mean() -> Surgery:
    """Average the task gradients over the tasks that have a label in the batch.

    The update is ``d = 1/n sum_t g_t``, where ``g_t`` is the gradient of task t and the sum is over
    the n tasks with a label. With this method, `training.train_step` needs only one backward pass.

    If all task gradients equal g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight. A
    zero gradient counts in the mean. The method is deterministic. If a task gradient is not finite,
    the update is not finite.

    >>> method = mean()
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """

    def combine(jacobian, inner, *, losses, active, key):
        weights = active / jnp.maximum(jnp.sum(active), 1)
        return jacobian.combine(weights), weights, inner

    return transform(combine, traits=Traits(plain=True, scale='mean'))
