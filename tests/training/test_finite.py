"""The first cause of a value that is not finite is named: the task, the method and the step."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import Task, backbones, data, heads, sharing, surgery, training, weighting
from mtljax.training import NonFiniteLossError

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)


def falling(prediction, target):
    """A loss that becomes negative."""
    return (prediction - target) ** 2 - 0.3


def kinked(prediction, target):
    """A finite loss whose gradient is NaN where the target is above 2."""
    error, bad = prediction - target, target > 2
    root = jnp.sqrt(jnp.where(bad, 0 * error**2, 1))
    return jnp.where(bad, 1 + root, error**2)


def train(loss, target=X[:, 0], tx=None, method=None, **options):
    tasks = {'good': Task(heads.linear(), optax.squared_error), 'other': Task(heads.linear(), loss)}
    sets = data.arrays(X, {'good': X[:, 1], 'other': target}, tasks, stratify=False)
    model = sharing.hard(backbones.mlp((8,)), sets.heads)
    tx = optax.chain(surgery.on_shared(method or surgery.sum()), tx or optax.sgd(0.01))
    size = {'steps': 12, 'batch_size': 16, 'log_every': 4}
    return training.train(model, sets, tx, **size, **options)


@pytest.mark.parametrize('name', ['famo', 'scale_invariant', 'geometric'])
def test_a_weighting_that_needs_positive_losses(name):
    said = rf"weighting {name} needs positive losses. Found a loss of -0\.\d+ for task 'other' at"
    with pytest.raises(NonFiniteLossError, match=said):
        train(falling, 0 * X[:, 0], weighting=getattr(weighting, name)())


def test_a_surgery_that_needs_positive_losses():
    said = r'its loss is -0\.\d+, at step \d+. If a surgery needs positive losses'
    with pytest.raises(NonFiniteLossError, match=said):
        train(falling, 0 * X[:, 0], method=surgery.gradnorm())


def test_a_finite_loss_with_a_gradient_that_is_not():
    target = np.where(np.arange(64) == 40, 3.0, X[:, 0])
    with pytest.raises(
        NonFiniteLossError, match=r"gradient of task 'other' is not finite, although"
    ):
        train(kinked, target, seed=1)
    skipping = optax.apply_if_finite(optax.sgd(0.01), 5)
    assert train(kinked, target, tx=skipping).state.step == 12


def test_losses_of_any_sign_are_fine_for_other_methods():
    result = train(falling, 0 * X[:, 0], method=surgery.pcgrad())
    assert result.test['other']['loss'] < 0


def test_gradnorm_stays_undefined():
    method = surgery.gradnorm(num_tasks=2)
    rows = {'w': jnp.array([[1.0, 0.0], [0.0, 2.0]])}
    state = method.init({'w': jnp.zeros(2)})
    for losses, finite in (([1.0, 1.0], True), ([-0.5, 0.8], False), ([0.5, 0.8], False)):
        update, state = method.update(rows, state, losses=jnp.array(losses))
        assert bool(jnp.isfinite(update['w']).all()) == finite
