"""Answers of a run for new tables and arrays."""

import csv
import gzip
import json
import shutil

import jax
import numpy as np
import pandas
import pytest

import mtljax
from experiments.predict import table
from experiments.predict.request import Request
from mtljax import answers, serving, training
from tests.experiments.programs import start

CITIES = ('Bern', 'Oslo', 'Rome')
SMALL = (
    '--config.train.steps=20',
    '--config.train.log_every=10',
    '--config.train.eval_every=10',
    '--config.train.batch_size=32',
    '--config.backbone.widths=16,',
)


def houses(rng, rows):
    """The text of a table with two numbers, a category, and three targets."""
    lines = ['id,rooms,area,city,price,sold,style']
    for row in range(rows):
        rooms, city = int(rng.integers(1, 7)), CITIES[rng.integers(3)]
        price = 100 * rooms + 20 * rng.normal()
        cells = (row, rooms, '' if row % 9 == 4 else rooms * 20, city, f'{price:.2f}')
        lines.append(','.join(map(str, (*cells, 'ny'[int(price > 350)], 'abc'[row % 3]))))
    return '\n'.join(lines) + '\n'


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The folder of a run whose table is gone."""
    folder = tmp_path_factory.mktemp('predict')
    path = folder / 'houses.csv'
    path.write_text(houses(np.random.default_rng(0), 200))
    done = start(
        'train',
        '--config=configs/csv.py',
        f'--config.data.path={path}',
        "--config.data.targets=('price','sold','style')",
        "--config.data.drop=('id',)",
        f'--workdir={folder / "run"}',
        *SMALL,
    )
    assert done.returncode == 0, done.stderr
    path.rename(folder / 'labelled.csv')
    return folder / 'run'


@pytest.fixture
def new(tmp_path):
    path = tmp_path / 'new.csv'
    rows = ['city,note,rooms,area,id', 'Oslo,x,2,40,7', 'Paris,x,NA,80,8', ',x,6,120,9']
    path.write_text('\n'.join(rows) + '\n')
    return path


def predict(run, source, target, *flags):
    where = (f'--workdir={run}', f'--input={source}', f'--output={target}')
    return start('predict', *where, *flags)


def rows_of(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def test_new_rows(run, new, tmp_path):
    done = predict(run, new, tmp_path / 'out.csv', '--keep=id,city', '--batch_size=2')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f'3 rows, written to {tmp_path / "out.csv"}',
        'empty cells: city 1, rooms 1',
        'unknown categories: city 1',
        'ignored columns: note',
    ]
    found = rows_of(tmp_path / 'out.csv')
    assert [row['id'] for row in found] == ['7', '8', '9']
    opened = mtljax.load(run)
    table = {'rooms': [2, None, 6.0], 'area': [40, 80, 120], 'city': ['Oslo', 'Paris', None]}
    inputs = opened.schema.encode(table).inputs
    predictions, _ = jax.jit(opened.model.apply)(opened.saved.params, opened.saved.state, inputs)
    for name, prediction in predictions.items():
        answer = answers.of(opened.tasks[name])
        right = answers.columns(name, answer.description, answer.apply(prediction))
        for column, values in right.items():
            here = [row[column] for row in found]
            if values.dtype == object:
                assert here == values.tolist()
            else:
                np.testing.assert_allclose(np.float32(here), values, rtol=1e-5, atol=1e-6)
    again = opened.predict(table)
    exact = answers.columns('price', answers.of(opened.tasks['price']).description, again['price'])
    np.testing.assert_allclose([float(row['price']) for row in found], exact['price'], rtol=1e-6)


def test_parquet(run, new, tmp_path):
    """Parquet in and out gives what CSV gives; kept columns keep their types."""
    opened, frame = mtljax.load(run), pandas.read_csv(new)
    frame.to_parquet(tmp_path / 'new.parquet', row_group_size=2)
    for name in ('new.csv', 'new.parquet'):
        for end in ('csv', 'parquet', 'npz'):
            target = str(tmp_path / f'{name}.{end}')
            request = Request('', str(tmp_path / name), target, (), ('id', 'city'), None, None, 2)
            assert 'unknown categories: city 1' in table.answer(opened, request)
        text = pandas.read_csv(tmp_path / f'{name}.csv')
        typed = pandas.read_parquet(tmp_path / f'{name}.parquet')
        whole = np.load(tmp_path / f'{name}.npz')
        assert list(text) == list(typed) == list(whole)
        for column in list(typed)[2:]:
            np.testing.assert_array_equal(text[column].astype(typed[column].dtype), typed[column])
            np.testing.assert_array_equal(whole[column], typed[column].astype(whole[column].dtype))
    assert typed['city'].isna().tolist() == [False, False, True]


def test_a_run_reads_its_table_only_when_asked(run):
    opened = mtljax.load(run)
    assert list(opened.tasks) == ['price', 'sold', 'style']
    with pytest.raises(ValueError, match=r'houses\.csv is missing'):
        _ = opened.dataset
    with pytest.raises(ValueError, match=r"Missing: \['area', 'city'\]"):
        opened.predict({'rooms': [1]})
    with pytest.raises(ValueError, match="Column 'rooms', row 2"):
        opened.predict({'rooms': [1, 'x'], 'area': [1, 2], 'city': ['Bern', 'Bern']})
    with pytest.raises(ValueError, match='should have one length'):
        opened.predict({'rooms': [1, 2], 'area': [1], 'city': ['Bern', 'Bern']})
    with pytest.raises(ValueError, match="Found \\['cost'\\]"):
        opened.predict({'rooms': [1], 'area': [1], 'city': ['Bern']}, tasks=['cost'])


def test_metrics_where_labels_are(run, tmp_path):
    labelled = run.parent / 'labelled.csv'
    done = predict(run, labelled, tmp_path / 'o.csv', '--batch_size=64', '--tasks=style,price')
    assert done.returncode == 0, done.stderr
    assert next(iter(rows_of(tmp_path / 'o.csv')[0])) == 'style.class'
    opened = mtljax.load(run)
    with labelled.open(newline='') as file:
        cells = list(csv.DictReader(file))
    table = {name: [row[name] for row in cells] for name in cells[0]}
    split = mtljax.data.array_split(
        opened.schema.encode(table).inputs, *opened.schema.labels(table)
    )
    right = training.evaluate(opened.model, opened.tasks, opened.saved, split)
    said = {line.split(': ')[0]: line for line in done.stdout.splitlines()[2:]}
    assert list(said) == ['price', 'style']
    for task, line in said.items():
        found = {
            pair.split()[0]: float(pair.split()[1]) for pair in line.split(': ')[1].split(', ')
        }
        assert found == pytest.approx(right[task], rel=1e-4)


def test_gzipped_tables_and_arrays(run, new, tmp_path):
    (tmp_path / 'new.csv.gz').write_bytes(gzip.compress(new.read_bytes()))
    done = predict(run, tmp_path / 'new.csv.gz', tmp_path / 'out.npz', '--tasks=style')
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / 'out.npz') as arrays:
        assert arrays['style.class'].shape == (3,)
        total = sum(arrays[f'style.probabilities.{name}'] for name in 'abc')
    np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_arrays(tmp_path):
    flags = ('--config.data.train=64', '--config.data.validation=32', '--config.data.test=32')
    done = start('train', f'--workdir={tmp_path / "run"}', *flags, *SMALL)
    assert done.returncode == 0, done.stderr
    opened = mtljax.load(tmp_path / 'run')
    images = opened.dataset.test.arrays.inputs
    np.save(tmp_path / 'new.npy', images)
    done = predict(tmp_path / 'run', tmp_path / 'new.npy', tmp_path / 'out.npz')
    assert done.stdout == f'32 examples, written to {tmp_path / "out.npz"}\n', done.stderr
    predictions, _ = opened.model.apply(opened.saved.params, opened.saved.state, images)
    with np.load(tmp_path / 'out.npz') as arrays:
        for task, prediction in predictions.items():
            assert np.array_equal(arrays[f'{task}.class'], prediction.argmax(-1))
            right = jax.nn.softmax(prediction)
            np.testing.assert_allclose(arrays[f'{task}.probabilities'], right, atol=1e-5)
    np.savez(tmp_path / 'bad.npz', inputs=images[:, :3])
    for source, said in (('bad.npz', 'should hold arrays of the shapes'), ('new.npy', '.npz')):
        target = tmp_path / ('out.csv' if source == 'new.npy' else 'new.npz')
        done = predict(tmp_path / 'run', tmp_path / source, target)
        assert done.returncode == 2
        assert said in done.stderr


def test_the_schema_is_checked_and_explains_other_data(run, tmp_path):
    schema = json.loads((run / 'schema.json').read_text())
    assert [column['name'] for column in schema['inputs']] == ['rooms', 'area', 'city']
    assert schema['left_out'] == {'id': 'the option drop names it'}
    assert schema['answers']['sold']['parts']['probabilities'] == {'axis': ['n', 'y']}
    path = run.parent / 'houses.csv'
    labelled = run.parent / 'labelled.csv'
    path.write_text(labelled.read_text().replace('Rome', 'Lima'))
    try:
        done = start(
            'train',
            '--config=configs/csv.py',
            f'--config.data.path={path}',
            "--config.data.targets=('price','sold','style')",
            "--config.data.drop=('id',)",
            f'--workdir={run}',
            *SMALL,
        )
    finally:
        path.unlink()
    assert done.returncode == 2
    assert (
        "column 'city': without the categories ['Rome'], with the new ones ['Lima']" in done.stderr
    )


def test_an_exported_run_answers_the_same(run, new, tmp_path):
    target = tmp_path / 'model.zip'
    done = start('export', f'--workdir={run}', f'--output={target}', '--tasks=price,sold')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'{target}: price, sold; ')
    model = serving.load(target)
    summary = json.loads((run / 'summary.json').read_text())
    assert model.manifest['test'] == summary['test']
    table = {'rooms': [2, None, 6.0], 'area': [40, 80, 120], 'city': ['Oslo', 'Paris', None]}
    found, right = model.predict(table), mtljax.load(run).predict(table, ['price', 'sold'])
    assert list(found) == ['price', 'sold']
    for task, parts in right.items():
        for part, values in parts.items():
            np.testing.assert_allclose(found[task][part], values, rtol=1e-5, atol=1e-6)


def test_fewer_bits_and_what_they_change(run, tmp_path):
    flags = (f'--workdir={run}', f'--output={tmp_path / "model.zip"}', '--dtype=int8')
    done = start('export', *flags)
    assert done.returncode == 2  # the table is gone
    assert 'houses.csv is missing' in done.stderr
    assert not list(tmp_path.iterdir())
    path = run.parent / 'houses.csv'
    (run.parent / 'labelled.csv').rename(path)
    try:
        done = start('export', *flags)
    finally:
        path.rename(run.parent / 'labelled.csv')
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == 'test results with float32 and with int8:'
    summary = json.loads((run / 'summary.json').read_text())['test']
    manifest = serving.load(tmp_path / 'model.zip').manifest
    for line in lines[1:-1]:
        (task, metric), numbers = line.split(': ')[0].split(), line.split(': ')[1].split(', ')
        assert float(numbers[0]) == pytest.approx(summary[task][metric], rel=1e-4)
        exact = manifest['test'][task][metric]
        assert float(numbers[1]) == pytest.approx(exact, rel=1e-4)
    assert any(len(set(line.split(': ')[1].split(', '))) == 2 for line in lines[1:-1])


def test_an_unfinished_run_is_not_exported(run, tmp_path):
    unfinished = shutil.copytree(run, tmp_path / 'run')
    (unfinished / 'summary.json').unlink()
    done = start('export', f'--workdir={unfinished}', f'--output={tmp_path / "model.zip"}')
    assert done.returncode == 2
    assert 'should be the folder of a finished run' in done.stderr


@pytest.mark.parametrize(
    ('flags', 'said'),
    [
        (('--tasks=cost',), '--tasks should name tasks'),
        (('--keep=colour',), '--keep should name columns of the input'),
        ((r'--delimiter=\t',), "Found ['city,note,rooms,area,id']"),
        (('--keep=price', '--input={run}/../labelled.csv'), '--keep should name other columns'),
        (('--delimiter=;;',), 'delimiter should be one character'),
        (('--output=out.txt',), '--output should end with .csv or .npz'),
        (('--input=missing.csv',), '--input should be a file'),
        (('--workdir=missing',), 'should be the folder of a run'),
        (('--output=',), '--input=FILE and --output=FILE are expected'),
    ],
)
def test_what_is_refused(run, new, tmp_path, flags, said):
    done = predict(run, new, tmp_path / 'out.csv', *(flag.format(run=run) for flag in flags))
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'out.csv').exists()


def test_bad_cells_name_their_row(run, tmp_path):
    rows = [f'{n},{n},Bern' for n in range(30)]
    rows[21] = 'many,3,Bern'
    (tmp_path / 'new.csv').write_text('\n'.join(['rooms,area,city', *rows]))
    done = predict(run, tmp_path / 'new.csv', tmp_path / 'out.csv', '--batch_size=8')
    assert done.returncode == 2
    assert "Column 'rooms', row 23" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ['new.csv']
