"""`check_surgery` names the rule that a method breaks."""

import jax.numpy as jnp
import pytest

from mtljax import surgery, testing


def weigh(function, **options):
    """A surgery with the weights ``function(norms, active, losses)``."""

    def rule(gramian, inner, *, losses, active, key):
        return function(jnp.sqrt(jnp.diagonal(gramian)), active, losses), inner

    return surgery.from_gramian(rule, **options)


def rows_as_they_are(function):
    """A surgery from a function of the rows, which are leaves ``[T, ...]``."""

    def rule(jacobian, inner, *, losses, active, key):
        rows = jacobian.stacked()
        return {name: function(leaf) for name, leaf in rows.items()}, active * 1.0, inner

    return surgery.transform(rule)


BROKEN = {
    'shape_dtype_and_state_are_kept': rows_as_they_are(
        lambda leaf: leaf.sum(axis=0).astype(jnp.float32)
    ),
    'equal_gradients_show_the_scale': weigh(lambda norms, active, losses: norms * 0 + 2),
    'inactive_tasks_do_not_count': weigh(
        lambda norms, active, losses: jnp.where(norms > 0, active.size, 0)
    ),
    'gradients_that_are_not_finite_are_not_hidden': rows_as_they_are(
        lambda leaf: jnp.nan_to_num(leaf).sum(axis=0).astype(leaf.dtype)
    ),
    'huge_and_tiny_gradients_scale_the_update': weigh(
        lambda norms, active, losses: jnp.where(norms > 0, norms, 0)
    ),
    'the_order_of_the_tasks_does_not_matter': weigh(
        lambda norms, active, losses: 1.0 * jnp.cumsum(active)
    ),
}


@pytest.mark.parametrize(('rule', 'method'), BROKEN.items(), ids=BROKEN)
def test_a_broken_rule_is_named(rule, method):
    equal = (lambda tasks, norm: tasks) if rule == 'equal_gradients_show_the_scale' else None
    with pytest.raises(AssertionError, match=rule):
        testing.check_surgery(method, equal=equal)
