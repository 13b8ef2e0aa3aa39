"""Loggers get the rows of the log, and a logger that fails harms nothing."""

import importlib.util
import logging
import math

import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training

DIGITS = data.digits(train=64, validation=16, test=16)
MODEL = sharing.hard(backbones.mlp((8,)), DIGITS.heads)
TX = optax.chain(surgery.sum(), optax.adam(1e-2))
SIZE = {'steps': 8, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}


class Lines:
    """A logger that keeps what it gets, and raises an error in one method."""

    def __init__(self, failing=None):
        self.failing, self.starts, self.calls, self.rows = failing, [], [], {}

    def __call__(self, start):
        self.starts.append(start)
        self.calls.append('open')
        self._fail('open')
        return _Lines(self, self.rows.setdefault(start.seed, []))

    def _fail(self, method):
        if method == self.failing:
            raise OSError('the network is down')


class _Lines:
    def __init__(self, owner, rows):
        self.owner, self.rows = owner, rows

    def write(self, step, values):
        self.owner.calls.append('write')
        self.owner._fail('write')
        self.rows.append({'step': step, **values})

    def flush(self):
        self.owner.calls.append('flush')
        self.owner._fail('flush')

    def close(self):
        self.owner.calls.append('close')
        self.owner._fail('close')


def train(workdir=None, **more):
    return training.train(MODEL, DIGITS, TX, **SIZE | more, workdir=workdir)


def test_a_logger_gets_every_row(tmp_path):
    lines = Lines()
    result = train(tmp_path, loggers=[lines], seed=3)
    assert lines.rows == {3: result.history}
    assert lines.calls == ['open', *['write', 'write', 'write', 'flush'] * 2, 'close']
    assert lines.starts == [(tmp_path, 0, 3)]
    assert not list(tmp_path.glob('events*'))


def test_the_default_is_tensorboard_and_a_list_replaces_it(tmp_path):
    train(tmp_path / 'default')
    assert len(list((tmp_path / 'default').glob('events*'))) == 1
    train(tmp_path / 'none', loggers=[])
    assert not list((tmp_path / 'none').glob('events*'))
    both = [training.log_to_tensorboard(), Lines()]
    train(tmp_path / 'both', loggers=both)
    assert len(list((tmp_path / 'both').glob('events*'))) == 1
    assert len(both[1].rows[0]) == 6


def test_a_resumed_training_says_where_it_starts(tmp_path):
    asked = iter([False, True])
    with pytest.raises(training.StoppedError):
        train(tmp_path, stop=lambda: next(asked))
    lines = Lines()
    result = train(tmp_path, loggers=[lines])
    assert lines.starts[0].step == 4
    assert lines.rows[0] == [row for row in result.history if row['step'] > 4]


@pytest.mark.parametrize('method', ['open', 'write', 'flush', 'close'])
def test_a_logger_that_fails_harms_nothing(tmp_path, method, caplog):
    broken, whole = Lines(method), Lines()
    with caplog.at_level(logging.WARNING, 'mtljax.training._logging'):
        result = train(tmp_path, loggers=[broken, whole])
    assert whole.rows[0] == result.history
    assert training.read_rows(tmp_path / 'metrics.jsonl') == result.history
    (record,) = [each for each in caplog.records if 'logger' in each.getMessage()]
    assert 'The logger Lines failed' in record.getMessage()
    assert 'OSError: the network is down' in record.getMessage()
    assert broken.calls.count(method) == 1


def test_each_seed_of_one_program_has_its_own_logger():
    lines = Lines()
    results = training.train_seeds(
        MODEL, DIGITS, TX, seeds=(0, 1), together=True, loggers=[lines], **SIZE
    )
    assert lines.rows == {seed: results[seed].history for seed in (0, 1)}
    assert lines.rows[0] != lines.rows[1]


@pytest.mark.parametrize('service', ['wandb', 'mlflow', 'trackio'])
def test_a_package_that_is_missing_is_named_before_training(service, monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        'importlib.util.find_spec', lambda name: None if name == service else find(name)
    )
    lines = Lines()
    loggers = [lines, getattr(training, f'log_to_{service}')('mine')]
    with pytest.raises(ImportError, match=rf"{service} is missing.*'mtljax\[{service}\]'"):
        train(tmp_path, loggers=loggers)
    assert lines.calls == ['open', 'close']


@pytest.mark.parametrize(
    'loggers', [training.log_to_tensorboard(), 'tensorboard', ['tensorboard'], {'a': 1}]
)
def test_what_is_no_list_of_functions(loggers):
    with pytest.raises(ValueError, match='loggers should be a list of functions'):
        training.Options(steps=1, batch_size=1, loggers=loggers)


def test_values_that_are_not_finite_reach_a_logger():
    lines = Lines()
    log = training._logging.Log(None, loggers=[lines])
    log.write(1, {'a': math.nan})
    assert math.isnan(lines.rows[0][0]['a'])
