"""Options of training that hold functions, in configs and on the command line."""

import json

import pytest

from experiments.find_learning_rate import optimiser
from experiments.program import UsageError
from mtljax import build, training
from tests.experiments.programs import start
from tests.experiments.small_runs import trained
from tests.experiments.test_fields import config_of

SEEN = []
LINES = {'fn': 'tests.experiments.test_new_options:lines'}
DATA = {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 8, 'test': 8}
MLP = {'fn': 'mtljax.backbones:mlp', 'widths': (4,)}
SMALL = (
    *('--config.data.train=64', '--config.data.validation=16', '--config.data.test=16'),
    *('--config.backbone.widths=(4,)', '--config.train.batch_size=16'),
)


class _Lines:
    def write(self, step, values):
        SEEN.append((step, values))

    def flush(self):
        pass

    def close(self):
        pass


def lines():
    return lambda start: _Lines()


def ends_at(step):
    return lambda evaluation: evaluation.step == step


pytestmark = pytest.mark.filterwarnings('ignore:the load_module')  # of ml_collections


@pytest.mark.parametrize('loggers', [LINES, {'mine': LINES}, {'one': LINES, 'other': LINES}])
def test_a_config_names_loggers_and_callbacks(tmp_path, loggers):
    SEEN.clear()
    ends = {'fn': 'tests.experiments.test_new_options:ends_at', 'step': 2}
    size = {'steps': 4, 'batch_size': 8, 'log_every': 1, 'eval_every': 2}
    trained(tmp_path, DATA, MLP, train={**size, 'loggers': loggers, 'callbacks': ends})
    rows = training.read_rows(tmp_path / 'metrics.jsonl')
    count = 2 if 'other' in loggers else 1
    assert [step for step, _ in SEEN[::count]] == [row['step'] for row in rows] == [1, 2, 2]


def test_the_command_line_names_loggers_and_their_options():
    config = config_of(
        '--config.train.loggers.web.fn=mtljax.training:log_to_wandb',
        '--config.train.loggers.web.project=digits',
        '--config.train.loggers.events.fn=mtljax.training:log_to_tensorboard',
        '--config.train.ema=0.99',
        '--config.train.task_patience=3',
        "--config.select.weights={'left': 1, 'right': 0.5}",
    )
    assert config.train.loggers.web.to_dict() == {
        'fn': 'mtljax.training:log_to_wandb',
        'project': 'digits',
    }
    built = build.setup(config.to_dict())
    assert len(built.options.loggers) == 2
    assert (built.options.ema, built.options.task_patience) == (0.99, 3)
    results = {'left': {'accuracy': 0.5}, 'right': {'accuracy': 0.8}}
    assert built.options.select(results) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ('flag', 'said'),
    [
        ('--config.train.loggers.web.fn=mtljax.training:log_to_wandbb', 'log_to_wandb'),
        ('--config.train.loggers.web=3', 'loggers should be a list of functions'),
        ('--config.train.ema=1', 'ema should be above 0 and below 1'),
        ("--config.select.weights={'left': -1}", 'should be .*>= 0'),
    ],
)
def test_what_a_config_should_not_say(flag, said):
    with pytest.raises(ValueError, match=said):
        build.setup(config_of(flag).to_dict())


def test_a_learning_rate_is_replaced_where_the_config_has_it():
    adam = {'fn': 'optax:adam', 'learning_rate': {'fn': 'optax:constant_schedule', 'value': 1.0}}
    clip = {'fn': 'optax:clip', 'max_delta': 1.0}
    assert optimiser.with_rate(adam, 0.5) == {'fn': 'optax:adam', 'learning_rate': 0.5}
    chain = {'fn': 'optax:chain', 'args': [clip, adam]}
    expected = [clip, {'fn': 'optax:adam', 'learning_rate': 0.5}]
    assert optimiser.with_rate(chain, 0.5)['args'] == expected
    for spec in (clip, None, {'fn': 'optax:chain', 'args': [adam, adam]}):
        with pytest.raises(UsageError, match='should have the option learning_rate'):
            optimiser.chain({'optimizer': spec}, 0.5)


def test_the_program_suggests_a_learning_rate():
    done = start('find_learning_rate', '--config=configs/digits.py:pcgrad', *SMALL)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()[-1]
    assert said.startswith('Suggestion: learning_rate = ')
    assert 1e-5 < float(said.split(' = ')[1].split(',')[0]) < 1
    refused = start('find_learning_rate', '--config=configs/digits.py', *SMALL, '--highest=1e-9')
    assert refused.returncode == 2
    assert 'highest should be above lowest' in refused.stderr.splitlines()[-1]


def test_a_config_without_the_new_options_is_the_config_of_before():
    config = json.loads(config_of().to_json())
    new = {'ema', 'callbacks', 'loggers', 'task_patience'}
    assert not new & set(config['train'])
    assert 'weights' not in config['select']
