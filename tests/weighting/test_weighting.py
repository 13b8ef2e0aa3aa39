"""Every weighting passes `testing.check_weighting`; a new one is one row of METHODS.

The checks of one weighting follow one another, since they share compiled programs.
"""

import jax
import numpy as np
import optax
import pytest

from mtljax import surgery, training, weighting
from mtljax.testing._weighting_case import WeightingCase
from mtljax.testing._weighting_checks import WEIGHTING_CHECKS
from tests.helpers import assert_close, small_batch, small_model, small_tasks
from tests.weighting.weightings import METHODS


def marks_of(name):
    variant = ' ' in name  # of a weighting with a row of its own
    return [pytest.mark.exhaustive] if variant else []


CASES = [
    pytest.param(case, check, id=f'{name}-{check.__name__}', marks=marks_of(name))
    for name, make in METHODS.items()
    for case in [WeightingCase(make, draws=name == 'random')]
    for check in WEIGHTING_CHECKS
]


@pytest.mark.parametrize(('case', 'check'), CASES)
def test_it_keeps_the_rule(case, check):
    check(case)


def test_every_weighting_is_a_row():
    assert set(weighting.__all__) == {name.split()[0] for name in METHODS}


def test_weights_scale_shared_and_own_gradients():
    batch, weights = small_batch(), np.array([0.5, 2, 0], np.float32)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.1))
    step = training.train_step(
        small_model(), small_tasks(), tx, weighting=weighting.constant(weights)
    )
    state = step.init(jax.random.key(0), batch)
    after, info = jax.jit(step.update)(state, batch)

    def total(params):
        cut, _ = training.objective(
            small_model(), small_tasks(), state.state, batch, jax.random.key(0)
        )
        return cut(params)[0] @ weights

    gradient = jax.jit(jax.grad(total))(state.params)
    expected = jax.tree.map(
        lambda p, g: np.asarray(p) - 0.1 * np.asarray(g), state.params, gradient
    )
    assert_close(after.params, expected)
    assert [float(info['weight'][name]) for name in ('wide', 'b', 'a')] == [0.5, 2, 0]
