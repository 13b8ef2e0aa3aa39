"""Runs on the tables of loaders answer for new tables, without the files of the loaders."""

import csv
import shutil

import jax
import numpy as np
import pytest

import mtljax
from mtljax import answers, serving
from tests.data.raw_tables import LOADERS, inputs_of, order_of, raw
from tests.experiments.programs import start
from tests.experiments.small_runs import trained

TABULAR = {'fn': 'mtljax.backbones:tabular', 'embedding': 2, 'widths': [8]}
MLP = {'fn': 'mtljax.backbones:mlp', 'widths': [8]}


def run_of(loader, folder):
    """The folder of a run whose files are gone, its raw table, and what was trained."""
    files = folder / 'files'
    files.mkdir()
    spec, table = raw(loader, files)
    flat = loader in ('arff', 'mat', 'qm9')
    built = trained(folder / 'run', spec, MLP if flat else TABULAR)
    shutil.rmtree(files)
    path = folder / 'new.csv'
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return folder / 'run', path, table, built


def columns_of(path):
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize('loader', LOADERS)
def test_a_table_gets_the_answers_of_the_model(loader, tmp_path):
    run, path, table, built = run_of(loader, tmp_path)
    assert (run / 'schema.json').exists()
    done = start('predict', f'--workdir={run}', f'--input={path}', f'--output={tmp_path}/o.csv')
    assert done.returncode == 0, done.stderr
    found = columns_of(tmp_path / 'o.csv')
    opened = mtljax.load(run)
    right_inputs = inputs_of(built.dataset)
    here, there = order_of(opened.schema.encode(table).inputs), order_of(right_inputs)
    predictions, _ = built.model.apply(opened.saved.params, opened.saved.state, right_inputs)
    for name, prediction in predictions.items():
        answer = answers.of(built.dataset.tasks[name])
        right = answers.columns(name, answer.description, answer.apply(prediction))
        for column, values in right.items():
            cells = np.array(found[column])[here]
            if values.dtype == object:
                assert cells.tolist() == values[there].tolist()
            else:
                np.testing.assert_allclose(
                    cells.astype(np.float32), values[there], rtol=1e-4, atol=1e-5
                )


@pytest.mark.parametrize('loader', ['movielens', 'arff'])
def test_an_exported_run_answers_for_tables(loader, tmp_path):
    run, _, table, _ = run_of(loader, tmp_path)
    done = start('export', f'--workdir={run}', f'--output={tmp_path / "model.zip"}')
    assert done.returncode == 0, done.stderr
    found = serving.load(tmp_path / 'model.zip').predict(table)
    right = mtljax.load(run).predict(table)
    assert found.keys() == right.keys()
    for task, parts in right.items():
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found[task], parts
        )


def test_the_files_are_read_only_when_asked_for(tmp_path):
    run, *_ = run_of('census', tmp_path)
    with pytest.raises(ValueError, match='is missing'):
        _ = mtljax.load(run).dataset
