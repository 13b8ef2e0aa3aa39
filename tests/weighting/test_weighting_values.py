"""Weightings against their oracles and against known answers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import surgery, training, weighting
from mtljax.testing._weighting_case import scan_of, steps_of
from tests.helpers import small_batch, small_model, small_tasks
from tests.weighting import oracles as oracles
from tests.weighting.weightings import FORMS, METHODS


def drawn(steps):
    return jax.vmap(lambda key: jax.random.normal(key, steps.losses.shape[1:]))(steps.keys)


def product(steps):
    one = oracles.scale_invariant(steps.losses, steps.active)
    return one * oracles.famo(steps.losses, steps.after, steps.active)


ORACLES = {  # (steps, number of each task modulo 3, its form) -> weights
    'equal': lambda s, _, __: oracles.equal(s.losses, s.active),
    'constant': lambda s, n, _: oracles.constant(s.losses, s.active, (n + 1) % 3 / 2),
    'inverse_initial': lambda s, _, __: oracles.inverse_initial(s.losses, s.active),
    'uncertainty': lambda s, n, _: oracles.uncertainty(
        s.losses, s.active, ['regression'] * len(n), np.zeros(len(n))
    ),
    'uncertainty of two forms': lambda s, n, forms: oracles.uncertainty(
        s.losses, s.active, forms, n / 4
    ),
    'dwa': lambda s, _, __: oracles.dwa(s.losses, s.active, 2),
    'dwa of longer blocks': lambda s, _, __: oracles.dwa(s.losses, s.active, 5, temperature=0.5),
    'dwa sliding': lambda s, _, __: oracles.dwa(s.losses, s.active, 3, sliding=True),
    'random': lambda s, _, __: oracles.random(drawn(s), s.active),
    'geometric': lambda s, _, __: oracles.geometric(s.losses, s.active),
    'scale_invariant': lambda s, _, __: oracles.scale_invariant(s.losses, s.active),
    'imtl_l': lambda s, _, __: oracles.imtl_l(s.losses, s.active),
    'famo': lambda s, _, __: oracles.famo(s.losses, s.after, s.active),
    'famo above bounds': lambda s, n, _: oracles.famo(s.losses, s.after, s.active, 0.1, -n / 4),
    'stch': lambda s, _, __: oracles.stch(s.losses, s.active),
    'stch by preference': lambda s, n, _: oracles.stch(
        s.losses, s.active, (1 + n) / 4, 0.5, -n / 4
    ),
    'chain': lambda s, _, __: product(s),
}


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


def constantly(method, losses, steps):
    """The weights of each step when the losses stay as they are."""
    state = method.init(len(losses))
    losses = jnp.asarray(losses, jnp.float32)
    step = jax.jit(lambda s, _: method.update(losses, s)[::-1])
    return jax.lax.scan(step, state, length=steps)[1]


def once(method, losses, **extra):
    return method.update(jnp.asarray(losses, jnp.float32), method.init(len(losses)), **extra)[0]


@pytest.mark.usefixtures('float64')
@pytest.mark.parametrize(
    'tasks', [3, *(pytest.param(tasks, marks=pytest.mark.exhaustive) for tasks in (1, 2, 8))]
)
@pytest.mark.parametrize('name', METHODS)
def test_the_oracles(name, tasks):
    """In 60 steps with all labels, and in 60 in which one task of three lacks its own."""
    ids = np.arange(tasks)
    run = jax.jit(scan_of(METHODS[name](ids)))
    steps = steps_of(ids, steps=60, seed=tasks, dtype=np.float64)
    active = np.random.default_rng(0).uniform(size=steps.active.shape) < 2 / 3
    scarce = steps._replace(active=active, losses=np.where(active, steps.losses, np.nan))
    for each in (steps, scarce):
        found = run(each)[1]
        assert found.dtype == jnp.float64
        expected = ORACLES[name](each, ids % 3, FORMS[ids % 2])
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    ('method', 'expected'),
    [
        (weighting.uncertainty(), [0.5, 0.5]),
        (weighting.uncertainty('classification'), [1, 1]),
        (weighting.uncertainty(['classification', 'regression']), [1, 0.5]),
        (weighting.uncertainty(initial=[np.log(2), 0]), [0.25, 0.5]),
        (weighting.imtl_l(), [1, 1]),
        (weighting.geometric(), [1, 0.25]),
        (weighting.scale_invariant(), [1, 0.25]),
        (weighting.inverse_initial(), [1, 0.25]),
        (weighting.famo(), [0.8, 0.2]),
        (weighting.famo(min_losses=[0, 3]), [0.5, 0.5]),
        (weighting.stch(ideal=[0, 3]), [0.25, 0.25]),
        (weighting.stch(smoothing=0.01), [0, 0.5]),
        (weighting.chain(weighting.geometric(), weighting.constant([2, 8])), [2, 2]),
    ],
)
def test_weights_of_the_losses_1_and_4(method, expected):
    np.testing.assert_allclose(once(method, [1, 4]), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ('method', 'weighted'),
    [
        (weighting.uncertainty(), 0.5),
        (weighting.uncertainty('classification'), 0.5),
        (weighting.imtl_l(), 1),
    ],
)
def test_what_is_learnt_settles(method, weighted):
    losses = np.array([0.2, 1, 5], np.float32)
    weights = constantly(method, losses, 1000)
    np.testing.assert_allclose(weights[-1] * losses, weighted, rtol=1e-2)
    assert np.ptp(weights[0] * losses) > 1


def test_the_forms_of_uncertainty_differ_in_their_start_alone():
    one = constantly(weighting.uncertainty('classification', initial=np.log(2)), [0.3, 4], 50)
    other = constantly(weighting.uncertainty('regression'), [0.3, 4], 50)
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_negative_losses_make_uncertainty_run_away():
    assert constantly(weighting.uncertainty(), [-1], 300)[-1] > 100


@pytest.mark.parametrize('loss', [0.0, -1.0])
@pytest.mark.parametrize(
    'method',
    [
        weighting.geometric(),
        weighting.scale_invariant(),
        weighting.inverse_initial(),
        weighting.famo(min_losses=0.1),
    ],
)
def test_what_needs_positive_losses_is_not_silent(method, loss):
    assert jnp.isnan(once(method, [loss, 2])[0])


def test_geometric_where_the_product_of_the_losses_overflows():
    for losses in (np.full(50, 1e8), np.full(50, 1e-8), np.logspace(-8, 8, 50)):
        weights = once(weighting.geometric(), losses)
        mean = np.exp(np.log(losses).mean())
        np.testing.assert_allclose(weights * losses, mean / 50, rtol=1e-4)


@pytest.mark.parametrize(('sliding', 'ones'), [(False, 6), (True, 5)])
def test_dwa_waits_for_two_windows(sliding, ones):
    losses = np.array([[4, 4], [2, 4], [2, 4]], np.float32).repeat(3, axis=0)
    steps = steps_of(np.arange(2), steps=9)._replace(losses=losses)
    weights = scan_of(weighting.dwa(3, sliding=sliding, temperature=1.0))(steps)[1]
    assert (weights[:ones] == 1).all()
    expected = 2 / (1 + np.exp(np.array([0.5, -0.5])))
    np.testing.assert_allclose(weights[ones], expected, rtol=1e-6)
    assert (weights[6] == weights[7]).all() != sliding
    np.testing.assert_allclose(weights.sum(axis=1), 2, rtol=1e-6)


@pytest.mark.parametrize('sliding', [False, True])
def test_dwa_of_tasks_whose_loss_was_zero_or_is_unknown(sliding):
    steps = steps_of(np.arange(3), steps=4)
    active = steps.active & ~((np.arange(4) < 2)[:, None] & np.array([False, True, False]))
    losses = np.array([[0, 1, 1]] * 2 + [[1, 1, 1]] * 2, np.float32)
    method = weighting.dwa(1, sliding=sliding)
    weights = scan_of(method)(steps._replace(losses=losses, active=active))[1]
    np.testing.assert_allclose(weights[2], 1, rtol=1e-6)


def test_random_weights():
    method, keys = weighting.random(), jax.random.split(jax.random.key(0), 2)
    one, other = (once(method, np.ones(4), key=key) for key in keys)
    assert (one == once(method, [9, 9, 9, -9], key=keys[0])).all()
    assert (one != other).all()
    active = jnp.array([True, False, True, False])
    some = once(method, np.ones(4), key=keys[0], active=active)
    np.testing.assert_allclose(some, np.where(active, one, 0) / one[::2].sum(), rtol=1e-6)
    with pytest.raises(ValueError, match='Pass key='):
        once(method, np.ones(4))


def descended(method, steps=300, rate=1e-3):
    """The logarithms of two losses ``k x^2 / 2``, the second 4 times as steep, before each step."""
    steep = jnp.array([1.0, 4.0])

    def step(carry, _):
        x, state = carry
        losses = steep * x**2 / 2
        weights, state = method.update(losses, state)
        x = x - rate * weights * steep * x
        if method.observe is not None:
            state = method.observe(steep * x**2 / 2, state)
        return (x, state), jnp.log(losses)

    start = jnp.ones(2), method.init(2)
    return np.asarray(jax.lax.scan(step, start, length=steps)[1])


def test_famo_makes_the_logarithms_fall_at_one_rate():
    def ratio(logs):
        fall = logs[-2] - logs[-1]
        return fall[1] / fall[0]

    assert ratio(descended(weighting.equal())) > 3.5
    assert 0.9 < ratio(descended(weighting.famo(weight_decay=0.0))) < 1.1


def test_famo_reads_no_loss_of_a_task_without_labels():
    method, active = weighting.famo(min_losses=[0, 5]), jnp.array([True, False])
    weights, state = method.update(jnp.array([2.0, 0]), method.init(2), active=active)
    assert weights.tolist() == [1, 0]
    after = method.observe(jnp.array([1.0, 0]), state, active=active)
    assert after.logits.value.tolist() == [0, 0]


def test_famo_gets_the_losses_after_the_step():
    model, tasks, batch = small_model(), small_tasks(), small_batch()
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.1))
    method = weighting.famo(optimizer=optax.sgd(1.0))
    step = training.train_step(model, tasks, tx, weighting=method)
    state = step.init(jax.random.key(0), batch)
    after, _ = jax.jit(step.update)(state, batch)
    cut, _ = training.objective(model, tasks, state.state, batch, jax.random.key(0))
    logs = [np.log(jax.jit(cut)(params)[0]) for params in (state.params, after.params)]
    delta = logs[0] - logs[1]
    expected = -(delta - delta.mean()) / 3
    assert abs(expected).max() > 1e-3
    np.testing.assert_allclose(after.weighting.logits.value, expected, rtol=1e-3, atol=1e-6)


def test_chain_forwards_the_losses_after_the_step_and_splits_the_key():
    quiet = weighting.chain(weighting.equal(), weighting.random())
    assert quiet.observe is None
    both = weighting.chain(quiet, weighting.famo())
    losses, key = jnp.array([1.0, 2.0]), jax.random.key(0)
    weights, state = both.update(losses, both.init(2), key=key)
    assert (weights != once(weighting.famo(), losses)).all()
    after = both.observe(losses / jnp.array([1.0, 3.0]), state)
    assert after[0] == state[0]
    assert after[1].logits.value[0] > 0 > after[1].logits.value[1]
    twice = once(weighting.chain(weighting.random(), weighting.random()), losses, key=key)
    assert abs(jnp.sqrt(twice).sum() - 1) > 1e-3
