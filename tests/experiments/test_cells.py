"""What a comparison trains: combinations, single tasks, tuned weights, rates."""

import importlib

import numpy as np
import pytest

from experiments.compare.methods import BASELINE, cells, static_weights
from experiments.program import UsageError
from tests.experiments.plans import plan

TASKS = ['left', 'right']


@pytest.fixture
def config():
    return importlib.import_module('configs.digits').get_config()


def rows(every):
    return [(cell.method, cell.variant, cell.task) for cell in every]


def test_every_combination_and_each_task_alone(config):
    every = cells(config, plan(sharing=['hard', 'mmoe'], surgery=['sum', 'pcgrad']), TASKS)
    assert rows(every) == [
        (BASELINE, '', 'left'),
        (BASELINE, '', 'right'),
        ('hard', '', None),
        ('hard + pcgrad', '', None),
        ('mmoe', '', None),
        ('mmoe + pcgrad', '', None),
    ]
    assert every[3].config.surgery.fn == 'mtljax.surgery:pcgrad'
    assert every[5].config.sharing.fn == 'mtljax.sharing:mmoe'
    assert config.surgery.fn == 'mtljax.surgery:sum'


def test_each_name_alone(config):
    lists = {'weighting': ['uncertainty', 'by_hand'], 'surgery': ['pcgrad']}
    by_hand = {'fn': 'mtljax.weighting:constant', 'weights': (0.5, 1.5)}
    other = {'weight_decay': 0.5}
    with config.unlocked():
        config.methods.by_hand = {'weighting': by_hand, 'optimizer': {'fn': 'optax:sgd'}}
        config.methods.pcgrad = {'optimizer': other}
    every = cells(config, plan(crossed=False, **lists), TASKS)
    methods = [cell.method for cell in every[2:]]
    assert methods == ['hard', 'hard + uncertainty', 'hard + by_hand', 'hard + pcgrad']
    assert every[-2].config.weighting.to_dict() == by_hand
    assert every[-2].config.surgery.fn == every[2].config.surgery.fn
    assert every[-2].config.optimizer.to_dict() == {'fn': 'optax:sgd'}
    assert every[-1].config.optimizer.to_dict() == config.optimizer.to_dict() | other


def test_what_a_config_says_of_a_factory_stays(config):
    with config.unlocked():
        config.sharing = {'fn': 'mtljax.sharing:mmoe', 'num_experts': 3}
    every = cells(config, plan(sharing=['hard', 'mmoe']), TASKS)
    assert every[-1].config.sharing.num_experts == 3
    assert 'num_experts' not in every[-2].config.sharing


def test_tuned_weights_and_rates_are_the_same_for_all(config):
    every = cells(config, plan(tune=True, rates=[0.1, 0.01]), TASKS)
    tuned = [cell for cell in every if cell.method == 'hard + tuned weights']
    assert len(tuned) == 2 * len(static_weights(2))
    assert tuned[0].config.weighting.weights == (0.2, 1.8)
    assert tuned[0].variant == 'weights 0.2 1.8, rate 0.1'
    assert tuned[4].variant == 'equal weights, rate 0.1'
    assert tuned[4].config.weighting.fn == 'mtljax.weighting:equal'
    methods = {}
    for cell in every:
        rate = cell.config.optimizer.learning_rate.init_value
        methods.setdefault((cell.method, cell.task), set()).add(rate)
    assert set(map(frozenset, methods.values())) == {frozenset({0.1, 0.01})}
    with config.unlocked():
        config.optimizer = {'fn': 'optax:noisy_sgd'}
    with pytest.raises(UsageError, match='--rates needs a learning_rate'):
        cells(config, plan(rates=[0.1]), TASKS)


def test_the_rate_of_a_schedule_is_its_highest_value(config):
    schedule = {'fn': 'x', 'init_value': 0.0, 'peak_value': 4}
    chained = {'fn': 'optax:chain', 'args': [{'fn': 'a'}, {'fn': 'b', 'learning_rate': schedule}]}
    with config.unlocked():
        config.optimizer = chained
    every = cells(config, plan(rates=[0.1, 0.01]), TASKS)
    inner = [cell.config.optimizer.args[1]['learning_rate'] for cell in every]
    assert [each['peak_value'] for each in inner] == [0.1, 0.01] * 3
    assert {each['init_value'] for each in inner} == {0.0}


@pytest.mark.parametrize(('num_tasks', 'count'), [(2, 5), (3, 10), (7, 11)])
def test_static_weights_are_points_of_a_simplex(num_tasks, count):
    weights = static_weights(num_tasks)
    assert weights.shape == (count, num_tasks)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), num_tasks, atol=1e-3)
    assert len(np.unique(weights, axis=0)) == count


def test_what_refers_to_a_field_follows_it(config):
    with config.unlocked():
        config.methods.pcgrad = {'train': {'steps': 50}}
    changed = cells(config, plan(surgery=['pcgrad']), TASKS)[-1].config
    assert (changed.train.steps, changed.optimizer.learning_rate.decay_steps) == (50, 50)
    assert config.optimizer.learning_rate.decay_steps == config.train.steps == 1500


def test_two_names_for_one_field(config):
    both = {'weighting': {'fn': 'mtljax.weighting:dwa'}, 'surgery': {'c': 0.1}}
    with config.unlocked():
        config.methods.both = both
    wanted = {'weighting': ['both'], 'surgery': ['cagrad']}
    with pytest.raises(UsageError, match=r"methods\.both sets surgery, and so does 'cagrad'"):
        cells(config, plan(**wanted), TASKS)
    assert len(cells(config, plan(crossed=False, **wanted), TASKS)) == 5
