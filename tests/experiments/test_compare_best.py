"""The best row of a comparison: what is chosen, what is kept, and what opens it."""

import json
import math

import numpy as np
import pytest
from ml_collections import ConfigDict

import mtljax
from experiments import build
from experiments.compare import best
from experiments.compare.kept import keep, kept
from experiments.compare.methods import BASELINE, cells
from experiments.compare.next_steps import next_steps
from experiments.compare.records import ranked
from experiments.compare.runs import Runs
from experiments.program import UsageError
from mtljax import data, training
from tests.experiments.plans import plan
from tests.experiments.test_compare import TASKS, small

SEEDS = [0, 1]


class Killed(BaseException):
    pass


@pytest.fixture(scope='module')
def compared(dataset, tmp_path_factory):
    """A folder of runs with their parameters, and the parts of every row."""
    folder = tmp_path_factory.mktemp('compare') / 'runs'
    runs, rows = Runs(folder, dataset, keep=True), {}
    for cell in cells(small(), plan(), TASKS):
        for run in runs.train(cell, SEEDS, ''):
            rows.setdefault(cell.method, {}).setdefault(run.seed, []).append((cell, run))
    return folder, rows


@pytest.fixture
def copied(compared, dataset, tmp_path):
    """A copy of the folder that a test may change, and its runs."""
    for path in compared[0].iterdir():
        (tmp_path / 'runs').mkdir(exist_ok=True)
        (tmp_path / 'runs' / path.name).write_bytes(path.read_bytes())
    return tmp_path, Runs(tmp_path / 'runs', dataset, keep=True), compared[1]


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def spied(monkeypatch):
    calls, original = [], build.train_seeds

    def spy(built, seeds, title):
        calls.append((list(built.dataset.tasks), list(seeds)))
        return original(built, seeds, title)

    monkeypatch.setattr(build, 'train_seeds', spy)
    return calls


@pytest.mark.parametrize('method', ['hard', BASELINE])
def test_a_row_becomes_runs_that_open(copied, monkeypatch, method):
    folder, runs, rows = copied
    calls = spied(monkeypatch)
    folders = best.write_best(folder / 'best', runs, rows[method])
    assert not calls
    for seed, path in folders.items():
        run = mtljax.load(path)
        found = training.evaluate(run.model, run.tasks, run.saved, run.dataset.test)
        for _, record in rows[method][seed]:
            for task, row in record.test.items():
                assert found[task] == pytest.approx(row, abs=1e-6)
        assert run.config['seed'] == seed
        assert run.config['sharing']['fn'].endswith('hard' if method == 'hard' else 'independent')
        summary = json.loads((path / 'summary.json').read_text())
        assert set(summary['test']) == set(TASKS)
        assert summary['parameters'] == sum(record.parameters for _, record in rows[method][seed])
        assert all(verdict.state != 'damaged' for verdict in training.verify(path))
    runs.drop()
    assert not list((folder / 'runs').glob('*.npz'))
    before = contents(folder)
    assert best.write_best(folder / 'best', runs, rows[method]) == folders
    assert (contents(folder), calls) == (before, [])


def test_a_folder_without_parameters_trains_the_best_row_again(copied, monkeypatch):
    folder, runs, rows = copied
    runs.drop()
    before = contents(folder)
    calls = spied(monkeypatch)
    folders = best.write_best(folder / 'best', runs, rows['hard'])
    assert calls == [(TASKS, SEEDS)]
    assert contents(folder).items() >= before.items()
    for seed, path in folders.items():
        summary = json.loads((path / 'summary.json').read_text())
        ((_, record),) = rows['hard'][seed]
        assert summary['test'] == record.test


def test_another_row_replaces_the_best_one_and_a_seed_is_added(copied):
    folder, runs, rows = copied
    alone = rows[BASELINE]
    (path,) = best.write_best(folder / 'best', runs, {0: alone[0]}).values()
    time = (path / 'summary.json').stat().st_mtime_ns
    best.write_best(folder / 'best', runs, alone)
    assert (path / 'summary.json').stat().st_mtime_ns == time
    best.write_best(folder / 'best', runs, {0: rows['hard'][0]})
    assert [each.name for each in (folder / 'best').iterdir()] == ['seed-0']
    assert mtljax.load(path).config['sharing'] == {'fn': 'mtljax.sharing:hard'}


@pytest.mark.parametrize('name', ['save_parameters', 'write_text', '_remove'])
def test_a_kill_leaves_no_half_folder(copied, monkeypatch, name):
    folder, runs, rows = copied
    best.write_best(folder / 'best', runs, {0: rows['hard'][0]})

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(best, name, die)
        with pytest.raises(Killed):
            best.write_best(folder / 'best', runs, rows[BASELINE])
    for path in (folder / 'best').glob('seed-*'):
        mtljax.load(path)
    folders = best.write_best(folder / 'best', runs, rows[BASELINE])
    assert sorted((folder / 'best').iterdir()) == sorted(folders.values())
    assert all(mtljax.load(path).config['seed'] == seed for seed, path in folders.items())


def test_damaged_parameters_are_trained_again(copied, monkeypatch):
    folder, runs, rows = copied
    for path in (folder / 'runs').glob('hard-seed-*.npz'):
        path.write_bytes(path.read_bytes()[:-99])
    calls = spied(monkeypatch)
    assert best.write_best(folder / 'best', runs, rows['hard'])
    assert calls == [(TASKS, SEEDS)]


def test_a_run_that_cannot_be_trained_again_is_an_error(copied, monkeypatch):
    folder, runs, rows = copied
    runs.drop()

    def diverge(built, seeds, title):
        raise training.NonFiniteLossError('NaN at step 3.')

    monkeypatch.setattr(build, 'train_seeds', diverge)
    with pytest.raises(UsageError, match='hard, seed 0, cannot be kept: NaN at step 3'):
        best.write_best(folder / 'best', runs, rows['hard'])
    assert not list((folder / 'best').iterdir())


def test_parameters_of_other_shapes_are_not_there(tmp_path):
    import jax.numpy as jnp

    variables = {'w': jnp.ones((2, 3), jnp.bfloat16)}, {'n': np.arange(3)}
    keep(tmp_path / 'run.json', variables)
    found = kept(tmp_path / 'run.json', variables)
    assert found[0]['w'].dtype == jnp.bfloat16
    assert found[1]['n'].tolist() == [0, 1, 2]
    assert kept(tmp_path / 'run.json', ({'w': np.ones((3, 2))}, {'n': np.arange(3)})) is None
    assert kept(tmp_path / 'none.json', variables) is None


def rows_of(scores, compared):
    """Runs whose scores on validation are those of a table, ``{method: [score of each seed]}``."""
    ((_, run),) = compared[1]['hard'][0]
    runs = []
    for method, values in scores.items():
        for seed, value in enumerate(values):
            results = {task: {'loss': 1.0, 'accuracy': value} for task in TASKS}
            error = 'NaN at step 3' if math.isnan(value) else ''
            runs.append(run._replace(method=method, seed=seed, validation=results, error=error))
    return runs


@pytest.mark.parametrize(
    ('scores', 'order', 'seed'),
    [
        ({'a': [0.5, 0.7], 'b': [0.8, 0.6]}, 'ba', 0),
        ({'a': [0.5, 0.9], 'b': [0.8, math.nan]}, 'ab', 1),
        ({'a': [math.nan, math.nan], 'b': [0.1, math.nan]}, 'ba', 0),
        ({'a': [0.5], 'b': [0.5]}, 'ab', 0),
    ],
)
def test_validation_chooses_the_row_and_the_seed(compared, scores, order, seed):
    runs = rows_of(scores, compared)
    found = ranked(runs, training.select_by('accuracy', higher_is_better=True))
    assert ''.join(row.method for row in found) == order
    assert found[0].best_seed == seed


def test_of_equal_rows_the_smaller_one_is_best(compared):
    runs = rows_of({'a': [0.5], 'b': [0.5]}, compared)
    runs[1] = runs[1]._replace(parameters=1)
    assert ranked(runs, training.select_by('accuracy', higher_is_better=True))[0].method == 'b'
    assert ranked(runs, training.select_by('loss'))[0].method == 'b'  # less is better


def test_single_task_runs_are_scored_on_all_tasks(compared):
    runs = [run for parts in compared[1][BASELINE].values() for _, run in parts]
    (row,) = ranked(runs, training.select_by('accuracy', higher_is_better=True))
    both = [run.validation[run.task]['accuracy'] for run in runs if run.seed == 0]
    assert row.scores[0] == pytest.approx(np.mean(both))


def test_the_next_commands_name_what_is_there(tmp_path, dataset):
    folder = tmp_path / 'a folder'
    folder.mkdir()
    config = small()
    predict, export = next_steps(folder, folder / 'best', config, dataset(None))
    assert f"'--input={folder}/examples.npz'" in predict
    assert data.read_arrays(folder / 'examples.npz')['inputs'].shape[0] == 5
    assert f"'--output={folder}/model.zip'" in export
    config.optimizer = ConfigDict({'fn': 'mine.optimizers:lion', 'inner': ({'fn': 'optax:adam'},)})
    assert '--trust=mine' in next_steps(folder, folder / 'best', config, dataset(None))[1]


def test_the_next_commands_of_a_table_serve_it(tmp_path):
    table = tmp_path / 'table.csv'
    rows = [f'{index % 7},{"ab"[index % 2]},{index % 5}' for index in range(60)]
    table.write_text('\n'.join(['x,kind,y', *rows]))
    spec = ConfigDict({'data': {'fn': 'mtljax.data:csv', 'path': str(table), 'targets': ('y',)}})
    found = next_steps(tmp_path, tmp_path / 'best', spec, build.build(spec.data.to_dict(), 'data'))
    assert f'--input={table}' in found[0]
    assert found[0].endswith('predictions.csv')
    assert found[2].endswith(f'experiments.serve --model={tmp_path}/model.zip')
