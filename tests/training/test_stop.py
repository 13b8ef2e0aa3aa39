"""A training that is asked to stop goes on later as if it had not been."""

import contextlib
import dataclasses
import json
import random
import signal

import jax
import numpy as np
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from tests.helpers import assert_same, sampled

DIGITS = data.digits(train=96, validation=32, test=32)
MODEL = sharing.hard(backbones.mlp((8,), dropout=0.1), DIGITS.heads)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
SIZE = {'steps': 12, 'batch_size': 16, 'log_every': 2, 'eval_every': 6}


# before the first evaluation, twice, at an evaluation, and after it
STOPS = sampled(((1,), (2, 2), (3,), (4, 1)), [(2, 2)])


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


@pytest.mark.parametrize('stops', STOPS, ids=str)
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


@contextlib.contextmanager
def interrupted_after(seconds):
    """A KeyboardInterrupt after a while, as Ctrl-C raises it."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # in a destructor
@pytest.mark.parametrize('stream', [False, True])
def test_interrupts_at_any_time(whole, tmp_path, stream):
    """Each leaves a checkpoint, or the checkpoint before; the end is always the same."""
    chance, count = random.Random(0), 0
    for attempt in range(40):
        try:
            with interrupted_after(chance.uniform(0.05, 0.3 + 0.1 * attempt)):
                again = train(workdir=tmp_path, stream=stream)
            break
        except KeyboardInterrupt:
            count += 1
    assert count > 3
    assert_same(jax.device_get(again.state), jax.device_get(whole[0].state))
    assert again.test == whole[0].test
    assert (tmp_path / 'metrics.jsonl').read_text() == whole[1]


def test_an_interrupt_in_a_chunk_writes_a_checkpoint(tmp_path):
    def batch_of(row):
        if row == 5 and not seen:
            seen.append(row)
            signal.raise_signal(signal.SIGINT)
        return jax.tree.map(lambda leaf: leaf[0], DIGITS.train.take([row]))

    seen = []
    split = data.FileSplit(batch_of, np.arange(96))
    dataset = dataclasses.replace(DIGITS, train=split)
    with pytest.raises(KeyboardInterrupt):
        training.train(MODEL, dataset, TX, workdir=tmp_path, workers=1, **SIZE)
    saved = training.load(tmp_path, MODEL, dataset, newest=True)
    assert saved.step in (2, 4, 6, 8, 10, 12)
