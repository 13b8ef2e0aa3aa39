"""A training that is asked to stop goes on later as if it had not been."""

import json

import jax
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from tests.helpers import assert_same

DIGITS = data.digits(train=96, validation=32, test=32)
MODEL = sharing.hard(backbones.mlp((8,), dropout=0.1), DIGITS.heads)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
SIZE = {'steps': 12, 'batch_size': 16, 'log_every': 2, 'eval_every': 6}


def train(**more):
    return training.train(MODEL, DIGITS, TX, **SIZE, **more)


def after(calls):
    """A function that asks for a stop when it is called for the last time."""
    left = iter([False] * (calls - 1) + [True])
    return lambda: next(left)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    return train(workdir=folder), (folder / 'metrics.jsonl').read_text()


@pytest.mark.parametrize('stops', [[1], [2, 2], [3], [4, 1]], ids=str)
def test_it_goes_on_to_the_same_bits(whole, tmp_path, stops):
    result, log = whole
    step = 0
    for calls in stops:
        step += 2 * calls
        with pytest.raises(training.StoppedError, match=rf'stopped after step {step}\.') as stopped:
            train(workdir=tmp_path, stop=after(calls))
        assert stopped.value.step == step
    again = train(workdir=tmp_path)
    assert_same(jax.device_get(again.state), jax.device_get(result.state))
    assert_same(jax.device_get(again.best), jax.device_get(result.best))
    assert again.test == result.test
    assert (tmp_path / 'metrics.jsonl').read_text() == log


def test_a_stop_at_the_last_step_is_the_end(whole, tmp_path):
    result = train(workdir=tmp_path, stop=after(6))
    assert result.test == whole[0].test


def test_seeds_in_one_program_stop_too():
    with pytest.raises(training.StoppedError):
        training.train_seeds(MODEL, DIGITS, TX, seeds=(0, 1), together=True, stop=after(2), **SIZE)


def test_the_log_of_a_stopped_run_is_whole(tmp_path):
    with pytest.raises(training.StoppedError):
        train(workdir=tmp_path, stop=after(2))
    rows = [json.loads(line) for line in (tmp_path / 'metrics.jsonl').read_text().splitlines()]
    assert [row['step'] for row in rows] == [2, 4]
