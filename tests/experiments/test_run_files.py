"""The files of a comparison's runs: kills, damage, and seeds that shared a program."""

import json

import pytest

from experiments import build
from experiments.compare import run_files
from experiments.compare.methods import cells
from experiments.compare.report import report
from experiments.compare.runs import Runs
from experiments.program import UsageError
from mtljax import files, training
from tests.experiments.plans import plan
from tests.experiments.test_compare import TASKS, small

SEEDS = [0, 1, 2]


@pytest.fixture(scope='module')
def cell():
    return cells(small(), plan(), TASKS)[2]


@pytest.fixture(scope='module')
def results(cell, dataset):
    """What one program of three seeds returns, so that not every test trains."""
    return build.train_seeds(Runs(None, dataset).setup(cell), SEEDS, '')


@pytest.fixture(scope='module')
def trained(cell, dataset, results, tmp_path_factory):
    """The files of three seeds that one program trained, ``{name: content}``."""
    folder = tmp_path_factory.mktemp('runs')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, 'train_seeds', lambda built, seeds, title: results)
        Runs(folder, dataset).train(cell, SEEDS, '')
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def fill(folder, trained, names):
    for name in names:
        (folder / name).write_bytes(trained[name])


def numbers(trained):
    """What does not depend on the clock."""
    contents = {name: json.loads(text) for name, text in trained.items()}
    for content in contents.values():
        del content['seconds'], content['sum']
    return contents


class Killed(BaseException):
    pass


@pytest.mark.parametrize('point', range(5))
def test_a_kill_leaves_all_runs_of_a_program_or_none(
    cell, dataset, trained, results, tmp_path, monkeypatch, point
):
    calls = []
    original = run_files.write_text
    monkeypatch.setattr(build, 'train_seeds', lambda built, seeds, title: results)

    def write_text(path, text):
        if len(calls) == point:
            raise Killed
        calls.append(path)
        original(path, text)

    runs = Runs(tmp_path, dataset)
    with monkeypatch.context() as patch:
        patch.setattr(run_files, 'write_text', write_text)
        if point < 4:  # the journal, and three runs
            with pytest.raises(Killed):
                runs.train(cell, SEEDS, '')
        else:
            runs.train(cell, SEEDS, '')
    again = Runs(tmp_path, dataset)
    again.recover()
    assert again.there(cell, SEEDS) == (0 if point == 0 else 3)
    again.train(cell, SEEDS, '')
    now = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert numbers(now) == numbers(trained)


def test_a_missing_seed_of_a_program_is_trained_with_the_others(cell, dataset, trained, tmp_path):
    names = [name for name in trained if 'seed-1' not in name]
    fill(tmp_path, trained, names)
    Runs(tmp_path, dataset).train(cell, SEEDS, '')
    now = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert numbers(now) == numbers(trained)
    assert all(now[name] == trained[name] for name in names)  # not written again


def test_a_seed_that_is_added_says_that_it_ran_alone(cell, dataset, trained, tmp_path, capsys):
    fill(tmp_path, trained, trained)
    runs = Runs(tmp_path, dataset).train(cell, [*SEEDS, 3], 'hard')
    said = 'hard: seed 3 runs alone. The seeds [0, 1, 2] ran in one program'
    assert said in capsys.readouterr().out.replace('\n', ' ')
    assert [run.together for run in runs] == [3, 3, 3, 1]
    single = [run._replace(method='single-task') for run in runs]
    notes = report([*single, *runs], dataset(None).tasks, None, training.select_by()).notes
    assert any('hard: the seeds [3] ran alone' in note for note in notes)


def test_partial_files_are_no_runs(cell, dataset, trained, tmp_path):
    for index, name in enumerate(trained):
        for partial in (f'.{name}.12.partial', f'.{index}.partial-{name}'):
            (tmp_path / partial).write_bytes(b'{"method":')
    (tmp_path / '.together.json').write_bytes(b'{"method":')
    runs = Runs(tmp_path, dataset)
    assert runs.there(cell, SEEDS) == 0
    runs.check(cell, SEEDS)
    runs.recover()
    assert not list(tmp_path.iterdir())


def test_a_journal_writes_runs_only(tmp_path, dataset):
    folder = tmp_path / 'runs'
    folder.mkdir()
    texts = {'../outside.json': '{}', 'note.txt': '{}', '.hidden.json': '{}', 'a-1.json': '{}'}
    files.write_text(folder / '.together.json', json.dumps(files.with_checksum(texts)))
    Runs(folder, dataset).recover()
    assert [path.name for path in tmp_path.rglob('*') if path.is_file()] == ['a-1.json']


def changed(content, **fields):
    return json.dumps({**json.loads(content), **fields}).encode()


def signed(content, **fields):
    whole = {**json.loads(content), **fields}
    del whole['sum']
    return json.dumps(files.with_checksum(whole)).encode()


@pytest.mark.parametrize(
    ('damage', 'said'),
    [
        (lambda content: content[:99], 'should hold the run that its name says'),
        (lambda content: b'', 'should hold the run that its name says'),
        (lambda content: b'\xff\x00', 'should hold the run that its name says'),
        (lambda content: b'[1]', 'should hold the run that its name says'),
        (lambda content: changed(content, score=0.99), 'checksum does not fit'),
        (
            lambda content: content.replace(b'"sum"', b'"sun"'),
            'should hold the run that its name says',
        ),
        (lambda content: signed(content, seed=7), 'another seed'),
        (lambda content: signed(content, task='left'), 'another task'),
        (lambda content: signed(content, test={'other': {'loss': 1.0}}), 'another test'),
        (lambda content: signed(content, validation=5), 'another validation'),
        (lambda content: signed(content, history=None), 'another history'),
    ],
)
def test_a_file_that_is_not_the_run(cell, dataset, trained, tmp_path, damage, said):
    fill(tmp_path, trained, trained)
    name = next(iter(trained))
    (tmp_path / name).write_bytes(damage(trained[name]))
    for _ in range(2):
        with pytest.raises(UsageError, match=said) as error:
            Runs(tmp_path, dataset).check(cell, SEEDS)
        assert str(tmp_path / name) in str(error.value)
        assert 'Remove the file' in str(error.value)
    (tmp_path / name).unlink()
    Runs(tmp_path, dataset).check(cell, SEEDS)


def test_a_folder_in_place_of_a_run(cell, dataset, trained, tmp_path):
    (tmp_path / next(iter(trained))).mkdir()
    with pytest.raises(UsageError, match='should hold the run that its name says'):
        Runs(tmp_path, dataset).check(cell, SEEDS)


def test_a_run_without_a_checksum_is_read(cell, dataset, trained, tmp_path, caplog):
    for name, content in trained.items():
        whole = json.loads(content)
        del whole['sum']
        (tmp_path / name).write_text(json.dumps(whole))
    runs = Runs(tmp_path, dataset)
    runs.check(cell, SEEDS)
    assert runs.there(cell, SEEDS) == 3
    (record,) = caplog.records
    assert (
        record.getMessage() == f'{tmp_path} was written without checksums of its runs: not checked.'
    )
