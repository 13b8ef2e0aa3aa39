"""`check_weighting` names the rule that a weighting breaks."""

import jax.numpy as jnp
import pytest

from mtljax import base, testing


def weigh(function):
    """A weighting with the weights ``function(losses, active)`` of the active tasks."""

    def update(losses, state, *, active=None, key=None):
        active = jnp.ones(losses.shape, bool) if active is None else active
        return jnp.where(active, function(losses, active), 0), state

    return base.Weighting(lambda num_tasks: (), update)


BROKEN = {
    'weights_are_one_per_task_and_finite': weigh(lambda losses, active: losses - 1),
    'inactive_tasks_do_not_count': weigh(lambda losses, active: losses / losses.sum()),
    'the_order_of_the_tasks_does_not_matter': weigh(
        lambda losses, active: jnp.cumsum(active).astype(jnp.float32)
    ),
    'weights_are_constants_to_autodiff': weigh(
        lambda losses, active: jnp.maximum(losses, 1).astype(jnp.result_type(losses, jnp.float32))
    ),
}

BROKEN['state_is_stable_and_can_be_donated'] = base.Weighting(
    lambda num_tasks: jnp.full(num_tasks, 0.5),  # a weak dtype
    weigh(lambda losses, active: active.astype(losses.dtype)).update,
)


@pytest.mark.parametrize(('rule', 'method'), BROKEN.items(), ids=BROKEN)
def test_a_broken_rule_is_named(rule, method):
    with pytest.raises(AssertionError, match=rule):
        testing.check_weighting(method)
