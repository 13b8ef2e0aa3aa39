"""Comparisons: what is trained, what is kept, what is chosen, what is printed."""

import importlib
import json
import math

import numpy as np
import pytest

from experiments import _build, _report
from experiments._cells import BASELINE, cells, static_weights
from experiments._program import UsageError
from experiments._runs import Runs, chosen, records
from mtljax import training

LISTS = {'sharing': None, 'weighting': None, 'surgery': None}
TASKS = ['left', 'right']
SIZES = {
    'data.train': 64,
    'data.validation': 32,
    'data.test': 32,
    'train.batch_size': 16,
    'train.steps': 4,
    'train.log_every': 2,
    'train.eval_every': 2,
    'backbone.widths': (8,),
}


@pytest.fixture
def config():
    config = importlib.import_module('configs.digits').get_config()
    with config.unlocked():
        config.update_from_flattened_dict(SIZES)
    return config


@pytest.fixture(scope='module')
def dataset():
    size = {'train': 64, 'validation': 32, 'test': 32}
    made = _build.build({'fn': 'mtljax.data:digits', **size}, 'data')
    return lambda spec: made


def rows(found):
    return [(cell.method, cell.variant, cell.task) for cell in found]


def test_every_combination_and_each_task_alone(config):
    lists = LISTS | {'sharing': ['hard', 'mmoe'], 'surgery': ['sum', 'pcgrad']}
    found = cells(config, lists, TASKS)
    assert rows(found) == [
        (BASELINE, '', 'left'),
        (BASELINE, '', 'right'),
        ('hard', '', None),
        ('hard + pcgrad', '', None),
        ('mmoe', '', None),
        ('mmoe + pcgrad', '', None),
    ]
    assert found[3].config.surgery.fn == 'mtljax.surgery:pcgrad'
    assert found[5].config.sharing.fn == 'mtljax.sharing:mmoe'
    assert config.surgery.fn == 'mtljax.surgery:sum'


def test_what_a_config_says_of_a_factory_stays(config):
    with config.unlocked():
        config.sharing = {'fn': 'mtljax.sharing:mmoe', 'num_experts': 3}
    found = cells(config, LISTS | {'sharing': ['hard', 'mmoe']}, TASKS)
    assert found[-1].config.sharing.num_experts == 3
    assert 'num_experts' not in found[-2].config.sharing


def test_tuned_weights_and_rates_are_the_same_for_all(config):
    found = cells(config, LISTS, TASKS, tune=True, rates=[0.1, 0.01])
    tuned = [cell for cell in found if cell.method == 'hard + tuned weights']
    assert len(tuned) == 2 * len(static_weights(2))
    assert tuned[0].config.weighting.weights == (0.2, 1.8)
    assert tuned[0].variant == 'weights 0.2 1.8, rate 0.1'
    methods = {}
    for cell in found:
        rate = cell.config.optimizer.learning_rate.init_value
        methods.setdefault((cell.method, cell.task), set()).add(rate)
    assert set(map(frozenset, methods.values())) == {frozenset({0.1, 0.01})}
    with config.unlocked():
        config.optimizer = {'fn': 'optax:noisy_sgd'}
    with pytest.raises(UsageError, match='--rates needs a learning_rate'):
        cells(config, LISTS, TASKS, rates=[0.1])


@pytest.mark.parametrize(('num_tasks', 'count'), [(2, 5), (3, 10), (7, 10)])
def test_static_weights_are_points_of_a_simplex(num_tasks, count):
    weights = static_weights(num_tasks)
    assert weights.shape == (count, num_tasks)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), num_tasks, atol=1e-3)
    assert len(np.unique(weights, axis=0)) == count


def test_runs_are_kept_and_never_trained_again(config, dataset, tmp_path, monkeypatch):
    wanted = cells(config, LISTS, TASKS)
    runs = Runs(tmp_path, dataset)
    first = [run for cell in wanted for run in runs.train(cell, [0], cell.method)]
    assert [runs.done(cell, [0, 1]) for cell in wanted] == [1, 1, 1]
    assert [set(run.test) for run in first] == [{'left'}, {'right'}, {'left', 'right'}]
    assert first[0].history[-1]['validation/left/accuracy'] <= 1
    trained = []
    original = _build.train_seeds

    def spy(built, seeds, title):
        trained.append((title, list(seeds)))
        return original(built, seeds, title)

    monkeypatch.setattr(_build, 'train_seeds', spy)
    again = Runs(tmp_path, dataset).train(wanted[2], [0, 1, 2], 'hard')
    assert trained == [('hard', [1, 2])]
    assert again[0] == first[2]
    assert [run.together for run in again] == [1, 2, 2]
    assert again[1].test != again[2].test
    alone = training.train(
        *_build.setup(wanted[2].config, dataset(None))[:3],
        **_build.setup(wanted[2].config, dataset(None)).options,
        seed=1,
    )
    assert again[1].test['left']['loss'] == pytest.approx(alone.test['left']['loss'], rel=1e-4)
    next(tmp_path.glob('hard-seed-0*')).write_text('{"method":')
    with pytest.raises(UsageError, match='is no run'):
        Runs(tmp_path, dataset).train(wanted[2], [0], 'hard')


def test_a_run_that_diverges_counts_as_nan(config, dataset, tmp_path):
    with config.unlocked():
        config.optimizer = {'fn': 'optax:sgd', 'learning_rate': 1e30}
    found = Runs(tmp_path, dataset).train(cells(config, LISTS, TASKS)[2], [0, 1], 'hard')
    assert [run.score for run in found] == [-math.inf, -math.inf]
    assert all('at step' in run.error or 'update of step' in run.error for run in found)
    assert all(math.isnan(run.test['left']['accuracy']) for run in found)


@pytest.fixture(scope='module')
def examples(dataset, tmp_path_factory):
    """Runs of two seeds; those of hard sharing are copies."""
    config = importlib.import_module('configs.digits').get_config()
    with config.unlocked():
        config.update_from_flattened_dict(SIZES | {'train.steps': 2, 'train.log_every': 1})
        config.update_from_flattened_dict({'train.eval_every': 1})
    lists = LISTS | {'sharing': ['mmoe']}
    runs = Runs(tmp_path_factory.mktemp('runs'), dataset)
    made = [run for cell in cells(config, lists, TASKS) for run in runs.train(cell, [0, 1], 'x')]
    return [*made[:4], *(run._replace(method='hard', mixing={}) for run in made[4:]), *made[4:]]


def test_validation_alone_chooses_a_variant(examples):
    hard = [run for run in examples if run.method == 'hard']
    worse = [run._replace(variant='worse', score=run.score - 0.1, test={}) for run in hard]
    better = [run._replace(variant='better', score=run.score + 0.1) for run in hard]
    found = chosen([*worse, *better, *examples])
    assert {run.variant for run in found if run.method == 'hard'} == {'better'}
    assert len(found) == len(examples)


def test_single_tasks_are_put_together(examples):
    found = {(r.method, r.seed): r for r in records(examples)}
    assert set(found) == {(m, s) for m in (BASELINE, 'hard', 'mmoe') for s in (0, 1)}
    alone, parts = found[BASELINE, 0], [r for r in examples if r.method == BASELINE and not r.seed]
    assert set(alone.test) == {'left', 'right'}
    assert alone.parameters == sum(run.parameters for run in parts)
    assert alone.seconds == pytest.approx(sum(run.seconds for run in parts))


def test_the_report_says_all_that_a_reader_needs(examples, dataset, tmp_path):
    published = {'note': 'other data', 'rows': {'theirs': {'left accuracy': 0.9}}}
    tasks = dataset(None).tasks
    found = _report.report(examples, tasks, published)
    files = _report.write(found, examples, tasks, 'digits', tmp_path, published)
    text = (tmp_path / 'table.md').read_text()
    for words in (
        'delta_m_flat % (negative is better)',
        'delta_m_task % (negative is better)',
        'mean rank',
        'training s',
        '2 seeds (0, 1)',
        'Steps: 2.',
        'mmoe - hard',
        'other data',
        'mtljax 0.',
    ):
        assert words in text
    assert [path.name for path in files] == [
        'table.md',
        'results.csv',
        'results.json',
        'metrics.png',
        'fronts.png',
        'curves.png',
        'mixing-mmoe.png',
    ]
    lines = (tmp_path / 'results.csv').read_text().splitlines()
    assert len(lines) == 1 + 2 * (2 * 2 + 2 * 2 * 2)
    assert len(json.loads((tmp_path / 'results.json').read_text())['runs']) == len(examples)
