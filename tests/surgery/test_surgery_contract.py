"""What every surgery accepts, keeps and refuses."""

import jax
import jax.numpy as jnp
import optax
import pytest

from mtljax import surgery, training
from mtljax.testing._surgery_case import params_of, rows_of
from tests.helpers import small_batch, small_model, small_tasks
from tests.surgery.surgeries import KEY, KINDS, METHODS

EACH = pytest.mark.parametrize(
    'name',
    [n if n in KINDS else pytest.param(n, marks=pytest.mark.exhaustive) for n in METHODS],
)


@EACH
def test_it_fits_a_model(name):
    """The state of a method has the structure of the gradients that a step gives it."""
    tx = optax.chain(surgery.on_shared(METHODS[name].method), optax.sgd(0.1))
    step = training.train_step(small_model(), small_tasks(), tx)
    state = step.init(KEY, small_batch())
    buffers = [id(leaf) for leaf in jax.tree.leaves(state)]
    assert len(set(buffers)) == len(buffers)


@pytest.mark.parametrize(
    ('extra', 'match'),
    [
        ({'active': jnp.ones(2, bool)}, r'active should have one value per task, \[3\]'),
        ({'losses': jnp.ones(1)}, r'losses should have one value per task, \[3\]'),
    ],
)
def test_extra_arguments_are_one_per_task(extra, match):
    method = surgery.gradnorm()
    state = method.init(params_of(), num_tasks=3)
    with pytest.raises(ValueError, match=match):
        method.update(rows_of(3), state, params_of(), **extra)


def test_a_state_for_another_number_of_tasks_is_noticed():
    method = surgery.gradnorm(num_tasks=2)
    with pytest.raises(ValueError, match='num_tasks'):
        method.update(rows_of(3), method.init(params_of()), params_of(), losses=jnp.ones(3))


def test_every_method_and_wrapper_is_a_row():
    makers = set(surgery.__all__) - {
        'Angles',
        'Surgery',
        'SurgeryState',
        'Traits',
        'Watched',
        'transform',
    }
    apart = {'from_cosines', 'from_gramian', 'on_shared', 'with_preference'}
    named = {name.split()[0] for name in METHODS}
    assert makers - apart == named
