"""Sweeps: a comparison at several values of a field, and what is said of it."""

import importlib
import itertools
import json
import math
import re

import numpy as np
import pytest
from ml_collections import ConfigDict

from experiments import build
from experiments.compare.comparison import Comparison
from experiments.compare.methods import BASELINE
from experiments.compare.run import Run
from experiments.compare.runs import Runs
from experiments.program import UsageError
from experiments.report.page import markup_of
from experiments.sweep import report
from experiments.sweep.page import page_of
from experiments.sweep.points import Sweep, points, read_sweep
from mtljax import data
from tests.experiments.parsed_page import Parsed
from tests.experiments.plans import plan
from tests.experiments.programs import start

SIZES = {
    'data.train': 64,
    'data.validation': 16,
    'data.test': 16,
    'data.dimension': 4,
    'train.steps': 2,
    'train.batch_size': 16,
    'train.log_every': 2,
    'train.eval_every': 2,
}


@pytest.fixture
def config():
    config = importlib.import_module('configs.mmoe_synthetic').get_config()
    with config.unlocked():
        config.data.dimension = 4
        config.update_from_flattened_dict(SIZES)
    return config


@pytest.fixture(scope='module')
def tasks():
    return data.mmoe_synthetic(train=4, validation=2, test=2).tasks


def test_every_value_has_a_config_of_its_own(config):
    configs = points(config, read_sweep(config))
    assert list(configs) == ['correlation 0.5', 'correlation 0.9', 'correlation 1.0']
    assert [each.data.correlation for each in configs.values()] == [0.5, 0.9, 1.0]
    assert config.data.correlation == 0.5


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'field': 'data.angle'}, "Found 'data.angle', which is not in"),
        ({'field': 'train.steps.more'}, 'should be a field of the config'),
        ({'values': ()}, 'needs values and quantities'),
        ({'methods': ()}, 'config.sweep should have'),
    ],
)
def test_what_a_config_says_wrongly(config, change, said):
    with config.unlocked():
        config.sweep.update(change)
    with pytest.raises(UsageError, match=said):
        points(config, read_sweep(config))


def test_each_seed_draws_data_of_its_own(config, tmp_path, monkeypatch):
    """One training gives the results of all runs, each with another test loss."""
    hard = config.copy_and_resolve_references()
    hard.sharing = ConfigDict({'fn': 'mtljax.sharing:hard'})
    result, losses, drawn = build.train(build.setup(hard), seed=0), itertools.count(), []

    def train(built, seeds, title):
        drawn.append(built.dataset.train.arrays.inputs)
        row = {'loss': float(next(losses)), 'mse': 1.0}
        results = dict.fromkeys(built.dataset.tasks, row)
        return [result._replace(validation=results, test=results)] * len(seeds)

    monkeypatch.setattr(build, 'train_seeds', train)
    datasets = build.datasets()
    methods = plan(seeds=(0, 1), sharing=['hard'])
    comparison = Comparison(config, methods, Runs(tmp_path, datasets), datasets)
    comparison.check()
    assert (comparison.size, comparison.recover()) == (6, 0)
    runs = comparison.train()
    assert comparison.recover() == 6
    assert [(run.method, run.task, run.seed) for run in runs] == [
        (BASELINE, 'y1', 0),
        (BASELINE, 'y1', 1),
        (BASELINE, 'y2', 0),
        (BASELINE, 'y2', 1),
        ('hard', None, 0),
        ('hard', None, 1),
    ]
    held = [json.loads(path.read_text())['test'] for path in sorted(tmp_path.glob('hard*'))]
    again = Comparison(config, methods, Runs(tmp_path, datasets), datasets).train()
    assert [run.test for run in again[-2:]] == held
    assert held[0] != held[1]
    assert not np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[-2])


def run_of(method, seed, y1, y2):
    empty = dict.fromkeys(Run._fields, 0)
    test = {'y1': {'mse': y1}, 'y2': {'mse': y2}}
    return Run(**{**empty, 'method': method, 'seed': seed, 'test': test})


def best_of(**errors):
    """Runs of two seeds, the second one worse by 1."""
    return [
        run_of(method, seed, error + seed, error + seed + 2)
        for method, error in errors.items()
        for seed in (0, 1)
    ]


def test_tables_of_means_and_of_paired_differences(tasks):
    best = {'p 0': best_of(hard=1.0, mmoe=2.0), 'p 1': best_of(hard=3.0, mmoe=2.5)}
    sweep = Sweep('data.p', (0, 1), ('mse', 'y2 mse'), 'hard', average=True)
    summary = report.report(best, sweep, tasks)
    (_, means, _), (title, paired, _), (_, second, _), _ = summary.tables
    assert means.columns == ['method', 'p 0', 'p 1', 'mean']
    assert means.rows[0] == ['hard', '2.5000 ± 0.5000', '4.5000 ± 0.5000', '3.5000 ± 1.0000']
    assert second.rows[1][1] == '4.5000 ± 0.5000'
    assert title == 'mse, minus hard'
    assert paired.rows == [
        ['mmoe', '+1.0000 ± 0.0000 *', '-0.5000 ± 0.0000 *', '+0.2500 ± 9.5297'],
    ]
    files = report.files(summary, 'name')
    assert list(files) == ['table.md', 'results.json', 'sweep.png']
    assert json.loads(files['results.json'])['mse']['mmoe']['p 1'] == {'0': 3.5, '1': 4.5}
    assert files['sweep.png'].startswith(b'\x89PNG')


def test_the_values_stand_upright_below_the_figure(tasks):
    long = 'p (0.25, 0.25, 0.25, 0.25)'
    best = {'p 0': best_of(hard=1.0), long: best_of(hard=3.0)}
    summary = report.report(best, Sweep('data.p', (0, 1), ('mse',), 'hard'), tasks)
    (axes,) = report.figure(summary.scores, 'name').axes
    labels = axes.get_xticklabels()
    assert [label.get_rotation() for label in labels] == [0, 0]
    assert [label.get_text() for label in labels] == ['0', '(0.25, 0.25,\n0.25, 0.25)']
    assert axes.get_xlabel() == 'p'


def test_the_page_of_a_sweep(tasks, tmp_path):
    best = {
        'p 0': best_of(hard=1.0, mmoe=2.0, soft=math.nan),
        'p 1': best_of(hard=3.0, mmoe=2.5, soft=1.0),
    }
    best = {
        label: [run._replace(devices=['cpu'], code='mtljax') for run in runs]
        for label, runs in best.items()
    }
    sweep = Sweep('data.p', (0, 1), ('mse', 'y2 mse'), 'hard', average=True)
    summary = report.report(best, sweep, tasks)
    shown = page_of(summary, best, sweep, {'seed': 0}, 'name', tmp_path)
    assert shown.found[0] == (
        'mse, against hard: mmoe is better at 1 and worse at 1 of 2 values; soft is better at 1 '
        'and without a result at 1 of 2 values.'
    )
    lone = {label: [run for run in runs if run.seed == 0] for label, runs in best.items()}
    summary = report.report(lone, sweep, tasks)
    assert page_of(summary, lone, sweep, {}, 'name', tmp_path).found == []
    page = Parsed(markup_of(shown))
    assert page.texts['h2'] == ['mse', 'y2 mse', 'How this was made']
    assert len(page.all('table')) == 8
    assert page.texts['th'][3:6] == ['hard', 'mmoe', 'soft']  # the reference, and NaN at the end
    points = page.all('circle', **{'class': 'hollow'})
    assert len(points) == 2  # the means over the values, of mmoe


def test_a_quantity_or_a_reference_that_is_not_there(tasks):
    with pytest.raises(UsageError, match=r"among \['y1 mse', 'y2 mse'\]. Found 'auc'"):
        report.check(Sweep('a', (1,), ('auc',)), tasks)
    with pytest.raises(UsageError, match=r"reference should be one of .*Found 'single-task'"):
        report.report({'p 0': best_of(hard=1.0)}, Sweep('a', (0,), ('mse',)), tasks)


@pytest.mark.exhaustive
def test_the_program(tmp_path):
    flags = [f'--config.{name}={value}' for name, value in SIZES.items() if 'dim' not in name]
    flags += ['--config.sweep.values=(0.5,)', '--seeds=1', '--sharing=hard']
    done = start('sweep', f'--workdir={tmp_path}', *flags)
    assert done.returncode == 0, done.stderr
    assert 'mse, minus hard' in done.stdout
    table = (tmp_path / 'table.md').read_text()
    assert len(re.findall(r'\| (?:single-task|hard) +\|', table)) == 3
    assert len(list((tmp_path / 'runs').iterdir())) == 3
    assert Parsed((tmp_path / 'report.html').read_text()).texts['h2'][-1] == 'How this was made'
