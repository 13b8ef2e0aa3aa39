"""Functions that are called after each evaluation, and that may end a training."""

import jax
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from tests.helpers import assert_close, assert_same

DIGITS = data.digits(train=64, validation=16, test=16)
MODEL = sharing.hard(backbones.mlp((8,), dropout=0.1), DIGITS.heads)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
SIZE = {'steps': 12, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}


def train(workdir=None, **more):
    return training.train(MODEL, DIGITS, TX, **SIZE | more, workdir=workdir)


def ends_at(step, seed=None):
    return lambda evaluation: evaluation.step == step and seed in (None, evaluation.seed)


def test_it_gets_the_evaluated_state_its_results_and_the_log():
    seen = []

    def watch(evaluation):
        again = training.evaluate(MODEL, DIGITS.tasks, evaluation.state, DIGITS.validation)
        seen.append((evaluation.step, evaluation.results, again, len(evaluation.rows)))

    result = train(callbacks=[watch])
    assert [(step, rows) for step, _, _, rows in seen] == [(4, 3), (8, 6), (12, 9)]
    for step, results, again, _ in seen:
        row = next(row for row in result.history if row['step'] == step and 'loss/left' not in row)
        assert row['validation/left/loss'] == results['left']['loss']
        assert again['left'] == pytest.approx(results['left'], rel=1e-5)
    assert_same(jax.device_get(result.state), jax.device_get(train().state))


def test_true_ends_the_training_for_good(tmp_path):
    result = train(tmp_path, callbacks=[lambda evaluation: None, ends_at(8)])
    assert int(result.state.step) == 8
    assert max(row['step'] for row in result.history) == 8
    again = train(tmp_path, callbacks=[ends_at(8)])
    assert_same(jax.device_get(again.state), jax.device_get(result.state))
    assert again.test == result.test
    whole = train()
    onward = train(tmp_path)  # without callbacks
    assert_same(jax.device_get(onward.state), jax.device_get(whole.state))
    assert onward.history == whole.history


def test_seeds_of_one_program_end_on_their_own():
    callbacks = [ends_at(4, seed=0), ends_at(8, seed=1)]
    together, apart = (
        training.train_seeds(
            MODEL, DIGITS, TX, seeds=(0, 1), together=choice, callbacks=callbacks, **SIZE
        )
        for choice in (True, False)
    )
    assert [int(result.state.step) for result in together] == [4, 8]
    for one, other in zip(together, apart, strict=True):
        assert_close(one.state.params, other.state.params, atol=1e-5)
        assert one.best_step == other.best_step
        assert [row['step'] for row in one.history] == [row['step'] for row in other.history]


def test_an_error_of_a_callback_is_the_error_of_the_training(tmp_path):
    def broken(evaluation):
        if evaluation.step == 8:
            raise KeyError('mine')

    with pytest.raises(KeyError, match='mine'):
        train(tmp_path, callbacks=[broken])
    assert_same(jax.device_get(train(tmp_path).state), jax.device_get(train().state))


@pytest.mark.parametrize('callbacks', [print, [1], 'text'])
def test_what_is_no_list_of_functions(callbacks):
    with pytest.raises(ValueError, match='callbacks should be a list of functions'):
        train(callbacks=callbacks)


def test_an_answer_that_is_no_boolean():
    with pytest.raises(ValueError, match=r"return True, False or None. Found 'no' at step 4"):
        train(callbacks=[lambda evaluation: 'no'])


def test_an_average_of_the_last_tests_needs_the_last_evaluations():
    assert train(average_last=2, callbacks=[lambda evaluation: False]).test
    with pytest.raises(ValueError, match='average_last'):
        train(average_last=2, callbacks=[ends_at(4)])
