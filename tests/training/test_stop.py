"""A training that is asked to stop goes on later as if it had not been."""

import collections
import json
import random
import signal

import jax
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from mtljax.training import _parallel
from mtljax.training._calls import calls
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
    for asked in stops:
        step += 2 * asked
        with pytest.raises(training.StoppedError, match=rf'stopped after step {step}\.') as stopped:
            train(workdir=tmp_path, stop=after(asked))
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


class Donated:
    """A state that can be used once."""

    def __init__(self, value):
        self.value, self.deleted = value, False


def add(state, x):
    assert not state.deleted
    after = Donated(state.value + x), x
    state.deleted = True
    return after


@pytest.fixture
def alarm():
    """SIGALRM raises a KeyboardInterrupt, as Ctrl-C does."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupt_at_any_time_loses_no_state(alarm):
    chance, outcomes = random.Random(0), collections.Counter()
    for _ in range(3000):
        start, ended = Donated(0), []
        try:
            alarm(chance.uniform(1e-6, 1.2e-4))
            state, infos, interrupted = calls(add, start, lambda index: (index,), 40)
            ended.append(True)
            alarm(0)
        except KeyboardInterrupt:
            alarm(0)
            assert ended or not start.deleted  # after the last call, or before the first one
            continue
        assert (state.value, infos, state.deleted) == (780, [*range(40)], False)
        outcomes[interrupted] += 1
    assert outcomes[True] > 50


@pytest.mark.parametrize('stream', [False, True])
def test_an_interrupt_in_a_chunk_writes_a_checkpoint(tmp_path, monkeypatch, stream):
    shard, left = _parallel.Jit.shard, iter([False] * 2 + [True])

    def interrupted(self, *args, **more):
        if next(left, False):
            raise KeyboardInterrupt
        return shard(self, *args, **more)

    monkeypatch.setattr(_parallel.Jit, 'shard', interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(workdir=tmp_path, stream=stream)
    step = training.load(tmp_path, MODEL, DIGITS, newest=True).step
    assert step in (4, 6)  # the end of the chunk of the third call
