"""The moving average of the parameters: its values, and where it is used."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import TrainState, backbones, data, sharing, surgery, training
from mtljax.training._average import Averaged, swapped, with_average
from tests.helpers import assert_close, assert_same

DIGITS = data.digits(train=64, validation=16, test=16)
MODEL = sharing.hard(backbones.mlp((8,), dropout=0.1), DIGITS.heads)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
SIZE = {'steps': 12, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}
DECAY = 0.8


def train(workdir=None, model=MODEL, **more):
    return training.train(model, DIGITS, TX, **SIZE | {'ema': DECAY} | more, workdir=workdir)


def steps_of(model=MODEL, count=5):
    """The states of a training with an average."""
    step = with_average(training.train_step(model, DIGITS.tasks, TX), DECAY)
    update, state = jax.jit(step.update), step.init(jax.random.key(0), DIGITS.train.example)
    states = [state]
    for batch in DIGITS.train.batches(16, epochs=2):
        if len(states) <= count:
            states.append(update(states[-1], batch)[0])
    return states


def test_it_is_the_average_of_optax():
    states = steps_of()
    ema = optax.ema(DECAY, debias=True)
    kept = ema.init(states[0].params)
    for state in states[1:]:
        expected, kept = ema.update(state.params, kept)
    assert_close(states[-1].opt_state.ema_params, expected, atol=1e-5)
    differ = jax.tree.map(lambda a, b: bool((a != b).any()), expected, states[-1].params)
    assert all(jax.tree.leaves(differ))


def test_the_state_of_batch_norm_is_averaged_with_the_same_factors():
    model = sharing.hard(backbones.resnet((4,), (1,)), DIGITS.heads)
    states = steps_of(model, 3)
    ema = optax.ema(DECAY, debias=True)
    kept = ema.init(states[0].state)
    for state in states[1:]:
        expected, kept = ema.update(state.state, kept)
    assert jax.tree.leaves(expected)
    assert_close(states[-1].opt_state.ema_state, expected, atol=1e-5)


def test_what_never_changes_stays_the_same_bits():
    start = {'w': jnp.float32([0.1, 1 / 3, 1e30]), 'count': jnp.int32(3)}
    fields = {'weighting': (), 'opt_state': (), 'key': jax.random.key(0)}
    first = TrainState(jnp.int32(0), {'w': jnp.zeros(2)}, start, **fields)
    step = training.TrainStep(
        lambda key, batch: first,
        lambda state, batch: (state._replace(step=state.step + 1), {}),
    )
    averaged = with_average(step, 0.999)
    state = averaged.init(None, None)
    for _ in range(20):
        state, _ = jax.jit(averaged.update)(state, None)
    assert_same(state.opt_state.ema_state, start)


def test_the_average_is_evaluated_chosen_tested_and_saved(tmp_path):
    result = train(tmp_path)
    plain = train(ema=None)
    assert_close(result.state.params, plain.state.params, atol=1e-6)
    assert result.test != plain.test
    again = training.evaluate(MODEL, DIGITS.tasks, result.best, DIGITS.test)
    assert again['left'] == pytest.approx(result.test['left'], rel=1e-5)
    saved = training.load(tmp_path, MODEL, DIGITS)
    assert_same(jax.device_get(saved.params), jax.device_get(result.best.params))
    newest = training.load(tmp_path, MODEL, DIGITS, newest=True)
    assert_same(jax.device_get(newest.params), jax.device_get(result.state.opt_state.ema_params))


def test_a_resumed_training_has_the_same_bits(tmp_path):
    whole = train()
    for asked in (1, 2):
        left = iter([False] * asked + [True])
        with pytest.raises(training.StoppedError):
            train(tmp_path, stop=lambda left=left: next(left))
    resumed = train(tmp_path)
    assert_same(jax.device_get(resumed.state), jax.device_get(whole.state))
    assert_same(jax.device_get(resumed.best), jax.device_get(whole.best))
    assert resumed.history == whole.history


def test_seeds_of_one_program_and_pmap():
    apart = [train(seed=seed) for seed in (0, 1)]
    together = training.train_seeds(
        MODEL, DIGITS, TX, seeds=(0, 1), together=True, ema=DECAY, **SIZE
    )
    for one, other in zip(together, apart, strict=True):
        assert_close(one.best.params, other.best.params, atol=1e-5)
    plain = sharing.hard(backbones.mlp((8,)), DIGITS.heads)  # dropout differs between devices
    mapped, jitted = (train(model=plain, parallel=name) for name in ('pmap', 'jit'))
    assert_close(mapped.best.params, jitted.best.params, atol=1e-5)


def test_a_folder_belongs_to_its_average(tmp_path):
    train(tmp_path, steps=4)
    with pytest.raises(ValueError, match='another workdir'):
        train(tmp_path, ema=None)
    with pytest.raises(ValueError, match=r"'ema': 0\.9.*Found the run.*'ema': 0\.8"):
        train(tmp_path, ema=0.9)
    train(tmp_path / 'plain', steps=4, ema=None)
    with pytest.raises(ValueError, match='ema_params'):
        train(tmp_path / 'plain')


def test_a_training_that_starts_from_parameters_averages_those(tmp_path):
    train(tmp_path / 'old', steps=4)
    old = training.load(tmp_path / 'old', MODEL, DIGITS)
    result = train(steps=1, log_every=1, eval_every=1, init_from=tmp_path / 'old', ema=0.999)
    assert_close(result.best.params, result.state.params, atol=1e-7)  # the average of one step
    options = training.Options(**SIZE, ema=DECAY)
    start = training.initial_state(MODEL, DIGITS, TX, options)
    start = start._replace(params=old.params)
    folder = tmp_path / 'started'
    training.save_start(folder, MODEL, start, old.validation, options)
    saved = training.load(folder, MODEL, DIGITS)
    assert_same(jax.device_get(saved.params), jax.device_get(old.params))


def test_an_exchange_twice_changes_nothing():
    state = steps_of()[-1]
    assert isinstance(state.opt_state, Averaged)
    assert_same(swapped(swapped(state)), state)
    plain = state._replace(opt_state=state.opt_state.opt_state)
    assert swapped(plain) is plain


@pytest.mark.parametrize('ema', [0, 1, -0.5, 1.5, np.nan, '0.9', True])
def test_decays_that_are_refused(ema):
    with pytest.raises(ValueError, match='ema should be above 0 and below 1'):
        training.Options(steps=1, batch_size=1, ema=ema)
