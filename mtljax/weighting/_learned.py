"""Numbers of the tasks that a separate optimizer trains."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float

from mtljax.base import Weighting
from mtljax.weighting._active import over_active


class Learned(NamedTuple):
    """One trained number per task.

    Attributes:
      value: The numbers.
      opt_state: The state of the optimizer that trains them.
    """

    value: Float[Array, 'T']
    opt_state: optax.OptState


def optimizer_or_adam(optimizer: Any) -> optax.GradientTransformation:
    """Return the optimizer of a weighting; ``optax.adam(0.025)`` for None.

    Raises:
      ValueError: It is not an optax optimizer.

    >>> optimizer_or_adam(0.1)
    Traceback (most recent call last):
    ValueError: optimizer should be an optax optimizer, ... Found optimizer = 0.1.
    """
    if optimizer is None:
        return optax.adam(0.025)
    if not isinstance(optimizer, optax.GradientTransformation):
        raise ValueError(
            'optimizer should be an optax optimizer, such as optax.adam(0.025). '
            f'Found optimizer = {optimizer!r}.'
        )
    return optimizer


def descend(
    optimizer: optax.GradientTransformation,
    learned: Learned,
    gradient: Float[Array, 'T'],
    active: Bool[Array, 'T'],
) -> Learned:
    """Make one step of the optimizer; inactive tasks have gradient 0.

    >>> tx, value = optax.sgd(1.0), jnp.zeros(2)
    >>> start = Learned(value, tx.init(value))
    >>> descend(tx, start, jnp.ones(2), jnp.array([True, False])).value.tolist()
    [-1.0, 0.0]
    """
    gradient = jnp.where(active, gradient, 0)
    updates, opt_state = optimizer.update(gradient, learned.opt_state, learned.value)
    return Learned(jnp.asarray(optax.apply_updates(learned.value, updates)), opt_state)


def learned_weighting(
    weights_of: Callable[[Array], Array],
    penalty_of: Callable[[Array], Array],
    initial_of: Callable[[int], Array],
    optimizer: optax.GradientTransformation | None,
) -> Weighting:
    """Make a weighting ``w(s)`` whose s is trained on ``sum_t w_t(s_t) L_t + penalty_t(s_t)``.

    ``L_t`` is the loss of task t. A step uses the weights as they are before it changes s.

    Args:
      weights_of: The function w.
      penalty_of: The penalty that keeps the weights away from 0.
      initial_of: A function from T to the first s, as a new array.
      optimizer: The optimizer of s; see `optimizer_or_adam`.

    >>> weighting = learned_weighting(jnp.exp, jnp.negative, jnp.zeros, optax.sgd(0.5))
    >>> weights, state = weighting.update(jnp.array([3.0, 1.0]), weighting.init(2))
    >>> weights.tolist(), state.value.tolist()
    ([1.0, 1.0], [-1.0, 0.0])
    """
    tx = optimizer_or_adam(optimizer)

    def init(num_tasks):
        value = initial_of(num_tasks)
        return Learned(value, tx.init(value))

    @over_active
    def update(losses, state, *, active, key):
        def total(value):
            return jnp.sum(weights_of(value) * losses + penalty_of(value))

        gradient = jax.grad(total)(state.value)
        return weights_of(state.value), descend(tx, state, gradient, active)

    return Weighting(init, update)
