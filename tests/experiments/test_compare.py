"""Comparisons: what is trained, what is kept, what is chosen, what is printed."""

import dataclasses
import importlib
import json
import math
import shutil

import pytest

from experiments import build
from experiments.compare import report, report_files
from experiments.compare.methods import BASELINE, cells
from experiments.compare.records import chosen, records
from experiments.compare.runs import Runs
from experiments.program import UsageError
from mtljax import data, training
from tests.experiments.plans import plan

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


def small():
    config = importlib.import_module('configs.digits').get_config()
    with config.unlocked():
        config.update_from_flattened_dict(SIZES)
    return config


@pytest.fixture
def config():
    return small()


@pytest.fixture(scope='module')
def trained(dataset, tmp_path_factory):
    """The folder, the cells and the runs of a comparison with one seed."""
    folder = tmp_path_factory.mktemp('compare') / 'runs'
    wanted = cells(small(), plan(sharing=['cross_stitch']), TASKS)
    runs = Runs(folder, dataset)
    return folder, wanted, [run for cell in wanted for run in runs.train(cell, [0], cell.method)]


def test_runs_are_kept_and_never_trained_again(trained, dataset, tmp_path, monkeypatch):
    folder, wanted, first = trained
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    runs = Runs(tmp_path, dataset)
    assert [runs.there(cell, [0, 1]) for cell in wanted] == [1, 1, 1]
    for cell in wanted:
        runs.check(cell, [0, 1])
    assert [set(run.test) for run in first] == [{'left'}, {'right'}, {'left', 'right'}]
    assert first[0].history[-1]['validation/left/accuracy'] <= 1
    calls = []
    original = build.train_seeds

    def spy(built, seeds, title):
        calls.append((title, list(seeds)))
        return original(built, seeds, title)

    monkeypatch.setattr(build, 'train_seeds', spy)
    again = Runs(tmp_path, dataset).train(wanted[2], [0, 1, 2], 'stitched')
    assert calls == [('stitched', [1, 2])]
    assert again[0] == first[2]
    assert [run.together for run in again] == [1, 2, 2]
    assert again[1].test != again[2].test
    same = wanted[2]._replace(method='cross_stitch + tuned weights', variant='equal weights')
    assert Runs(tmp_path, dataset).train(same, [0], '')[0].test == first[2].test
    assert len(calls) == 1
    next(tmp_path.glob('cross_stitch-seed-0*')).write_text('{"method":')
    with pytest.raises(UsageError, match='should hold the run'):
        Runs(tmp_path, dataset).check(wanted[2], [0])


def test_other_data_is_another_run(config, dataset, tmp_path):
    cell = cells(config, plan(), TASKS)[2]
    whole = dataset(None)
    arrays = whole.train.arrays
    labels = {'left': 9 - arrays.targets['left']}
    changed = data.ArraySplit(arrays._replace(targets=arrays.targets | labels))
    changed = dataclasses.replace(whole, train=changed)
    here, there = Runs(tmp_path, dataset), Runs(tmp_path, lambda spec: changed)
    assert here._path(cell, 0) != there._path(cell, 0)
    assert here._path(cell, 0) == Runs(tmp_path, dataset)._path(cell, 0)
    assert here._path(cell, 0) != here._path(cell, 1)


def test_long_names_are_cut(config, dataset, tmp_path):
    cell = cells(config, plan(), TASKS)[2]._replace(variant='weights ' + '0.1234 ' * 40)
    assert len(Runs(tmp_path, dataset)._path(cell, 0).name) < 150


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        (
            {'optimizer': {'fn': 'optax:identity'}, 'surgery.fn': 'optax:identity'},
            'Surgery comes first',
        ),
        ({'train.batch_size': 1000}, 'at most the 64 training examples'),
        ({'train.eval_every': 3}, 'multiple of log_every'),
        ({'select.metric': 'acuracy'}, "No task has the metric 'acuracy'"),
        ({'train.eval_batch_size': 0}, 'eval_batch_size should be a whole number >= 1'),
    ],
)
@pytest.mark.usefixtures('unchecked')
def test_what_does_not_fit_says_so_before_anything_is_trained(
    config, dataset, tmp_path, changes, said
):
    with config.unlocked():
        config.train.eval_batch_size = 16
        config.update_from_flattened_dict(changes)
    with pytest.raises(UsageError, match=said):
        Runs(tmp_path, dataset).check(cells(config, plan(), TASKS)[-1], [0])


def test_a_run_that_diverges_counts_as_nan(config, dataset, tmp_path, monkeypatch):
    original = build.train_seeds

    def train(built, seeds, title):
        if len(seeds) > 1:
            raise training.NonFiniteLossError('One of the seeds diverged.')
        return original(built, seeds, title)

    monkeypatch.setattr(build, 'train_seeds', train)
    with config.unlocked():
        config.optimizer = {'fn': 'optax:sgd', 'learning_rate': 1e30}
    found = Runs(tmp_path, dataset).train(cells(config, plan(), TASKS)[2], [0, 1], 'hard')
    assert [run.score for run in found] == [-math.inf, -math.inf]
    assert all('at step' in run.error or 'update of step' in run.error for run in found)
    assert all(math.isnan(run.test['left']['accuracy']) for run in found)


@pytest.fixture(scope='module')
def examples(trained):
    """Runs of two seeds; those of the second seed and of hard sharing are copies."""
    *alone, stitched = trained[2]
    hard = stitched._replace(method='hard', mixing={})
    return [run._replace(seed=seed) for run in (*alone, hard, stitched) for seed in (0, 1)]


def test_validation_alone_chooses_a_variant(examples):
    hard = [run for run in examples if run.method == 'hard']
    worse = [run._replace(variant='worse', score=run.score - 0.1, test={}) for run in hard]
    better = [run._replace(variant='better', score=run.score + 0.1) for run in hard]
    broken = [run._replace(variant='broken', score=-math.inf if run.seed else 9.0) for run in hard]
    found = chosen([*broken, *worse, *better, *examples])
    assert {run.variant for run in found if run.method == 'hard'} == {'better'}
    assert len(found) == len(examples)


def test_single_tasks_are_put_together(examples):
    found = {(r.method, r.seed): r for r in records(examples)}
    assert set(found) == {(m, s) for m in (BASELINE, 'hard', 'cross_stitch') for s in (0, 1)}
    alone, parts = found[BASELINE, 0], [r for r in examples if r.method == BASELINE and not r.seed]
    assert set(alone.test) == {'left', 'right'}
    assert alone.parameters == sum(run.parameters for run in parts)
    assert alone.seconds == pytest.approx(sum(run.seconds for run in parts))


def test_the_report_says_all_that_a_reader_needs(examples, dataset, tmp_path):
    theirs = {'note': 'other data', 'rows': {'theirs': {'left accuracy': 0.9}}}
    tasks, published = dataset(None).tasks, report.published_table(theirs)
    found = report.report(examples, tasks, published, training.select_by())
    found = found._replace(title='digits of mine')
    more = [*examples, examples[-1]._replace(variant='not chosen')]
    files = report_files.write(found, examples, more, tasks, 'digits', tmp_path)
    text = (tmp_path / 'table.md').read_text()
    for words in (
        'delta_m_flat % (negative is better)',
        'delta_m_task % (negative is better)',
        'mean rank',
        'training seconds',
        '2 seeds (0, 1)',
        'Steps: 4.',
        'cross_stitch - hard',
        'other data',
        'mtljax 0.',
        'without compilation',
        '# digits of mine',
    ):
        assert words in text
    assert [path.name for path in files] == [
        'table.md',
        'results.csv',
        'results.json',
        'metrics.png',
        'fronts.png',
        'curves.png',
        'mixing-cross_stitch.png',
    ]
    lines = (tmp_path / 'results.csv').read_text().splitlines()
    assert len(lines) == 1 + 2 * (2 * 2 + 2 * 2 * 2) + 4
    assert all(line.endswith(',') for line in lines[-4:])  # no test result
    assert len(json.loads((tmp_path / 'results.json').read_text())['runs']) == len(examples)


def test_seconds_with_compilation_are_named(examples, dataset):
    short = [run._replace(history=run.history[:1]) for run in examples]
    found = report.report(short, dataset(None).tasks, None, training.select_by())
    assert 'the time of one run, with compilation, because' in found.notes[0]


def test_a_run_that_did_not_end_is_in_the_report(examples, dataset, tmp_path):
    nothing = training.filled(dataset(None).tasks, math.nan)
    lost = {'test': nothing, 'validation': nothing, 'score': -math.inf, 'error': 'NaN at step 3'}
    runs = [
        r._replace(**lost) if (r.method, r.seed) == ('cross_stitch', 1) else r for r in examples
    ]
    tasks = dataset(None).tasks
    found = report.report(runs, tasks, None, training.select_by())
    rows = {row[0]: row for row in found.main.rows}
    assert rows['cross_stitch'][1] == 'nan'
    assert rows['hard'][-1] == '1.00'
    assert rows['cross_stitch'][-1] == '2.00'
    assert 'cross_stitch, seed 1, failed: NaN at step 3' in found.notes
    assert report_files.write(found, runs, runs, tasks, 'digits', tmp_path)


def test_a_comparison_of_one_task_and_one_without_metrics(examples, dataset, tmp_path):
    task = dataset(None).tasks['left']
    for tasks in ({'left': task}, {'left': dataclasses.replace(task, metrics={})}):
        kept = [
            run._replace(
                test={'left': run.test['left']}, validation={'left': run.validation['left']}
            )
            for run in examples
            if run.task != 'right'
        ]
        found = report.report(kept, tasks, None, training.select_by())
        files = report_files.write(found, kept, kept, tasks, 'digits', tmp_path)
        assert (tmp_path / 'metrics.png') in files


def test_tasks_that_the_score_does_not_look_at_are_named(examples, dataset):
    tasks = dataset(None).tasks
    found = report.report(examples, tasks, None, lambda results: results['left']['accuracy'])
    assert any('config.select ignores right' in note for note in found.notes)
