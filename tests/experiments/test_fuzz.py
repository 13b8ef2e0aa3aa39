"""The fuzzer: its files, what it counts as a finding, and what it found before."""

import os
import random
import time
from pathlib import Path

import pytest

from experiments.fuzz.cases import case_of
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError
from experiments.fuzz.harnesses import HARNESSES
from experiments.fuzz.mutations import MUTATIONS, Pool
from experiments.fuzz.outcome import FINDINGS, LONGEST, Outcome, judge
from experiments.fuzz.tally import Tally
from experiments.fuzz.watch import Budget, fuzz
from mtljax import data
from mtljax.data._reading.idx import read_idx
from tests.experiments.programs import start

FIXTURES = Path(__file__).parents[1] / 'fixtures' / 'fuzz'
SLOW = ('mat', 'config', 'convert', 'log', 'checkpoint')
MEGABYTE = 1 << 20


def make():
    return Material({'a.txt': b'12,13\n'}, [Case('a.txt', 'a.txt', b'bad')])


def read_well(folder, name):
    assert (folder / name).exists()


def read_folder(folder, name):
    assert sorted(path.name for path in folder.iterdir()) == ['a.txt', 'b.txt']


def raise_key_error(folder, name):
    if (folder / name).read_bytes() == b'bad':
        raise KeyError(name)


def sleep(folder, name):
    if (folder / name).read_bytes() == b'bad':
        time.sleep(60)


def allocate(folder, name):
    if (folder / name).read_bytes() == b'bad':
        bytearray(500 * MEGABYTE)


def allocate_and_refuse(folder, name):
    if (folder / name).read_bytes() == b'bad':
        bytearray(70 * MEGABYTE)
        data.csv('', [])


def abort(folder, name):
    if (folder / name).read_bytes() == b'bad':
        os.abort()


def end_quietly(folder, name):
    if (folder / name).read_bytes() == b'bad':
        os._exit(0)


def run_program(folder, name):
    if (folder / name).read_bytes() == b'bad':
        os.system('true')


def warn_late(folder, name):
    if (folder / name).read_bytes() == b'bad':
        open(folder / name)  # noqa: SIM115 - nobody closes it


def refuse(folder, name):
    data.csv('', [])


@pytest.mark.parametrize(
    ('read', 'kind', 'error', 'place'),
    [
        (raise_key_error, 'foreign', 'builtins.KeyError', 'test_fuzz.py:raise_key_error'),
        (sleep, 'hang', 'too slow', ''),
        (allocate, 'memory', 'MemoryError', 'test_fuzz.py:allocate'),
        (allocate_and_refuse, 'memory', 'more than allowed, refused', 'open_table.py:_file'),
        (abort, 'crash', 'SIGABRT', ''),
        (end_quietly, 'crash', 'exit code 0', ''),
        (run_program, 'foreign', 'experiments.fuzz.harness.WrongValueError', 'child.py:hook'),
        (warn_late, 'foreign', 'builtins.ResourceWarning', 'warn_late'),
    ],
)
def test_findings(read, kind, error, place, tmp_path):
    harness = Harness('fake', make, read, memory=50 * MEGABYTE)
    tally = fuzz(harness, make(), 0, Budget(files=2, longest=0.5))
    assert tally.counts == {'read': 1, kind: 1}
    ((found,),) = tally.findings
    assert (found.index, found.outcome.error) == (1, error)
    assert found.outcome.place.endswith(place)
    (line,) = tally.details()
    assert line.startswith(f'  {kind}: {error}')
    (path,) = tally.write(tmp_path / 'found')
    assert path.read_bytes() == b'bad'
    assert path.name.startswith(f'fake-{kind}')
    assert path.name.endswith('-1.a.txt')


def test_a_reader_that_is_right():
    tally = fuzz(Harness('fake', make, read_well), make(), 0, Budget(files=5))
    assert tally.details() == []
    assert tally.line().startswith('fake: 5 files, 5 read, 0 refused, 0 foreign')


def test_a_valid_file_has_to_be_read():
    tally = fuzz(Harness('fake', make, refuse), make(), 0, Budget(files=2))
    assert tally.counts == {'foreign': 1, 'refused': 1}
    assert tally.findings[0][0].outcome.error == 'a valid file is refused'


def test_what_lies_beside_a_file_and_its_other_names():
    harness = Harness('fake', make, read_folder, names=('b.txt',), whole=True)
    material = Material({'a.txt': b'1'}, [Case('a.txt', 'a.txt', b'2')], {'b.txt': b'3'})
    tally = fuzz(harness, material, 0, Budget(files=2))
    assert tally.counts == {'read': 2}
    material = Material({'a.txt': b'1', 'c.txt': b'1'}, [Case('c.txt', 'b.txt', b'2')])
    tally = fuzz(harness, material, 0, Budget(files=3))
    assert tally.counts == {'foreign': 2, 'read': 1}


def test_a_process_that_dies_is_replaced():
    bad = [Case('a.txt', 'a.txt', b'bad')] * 3
    material = make()._replace(hostile=bad)
    tally = fuzz(Harness('fake', make, abort), material, 0, Budget(files=6))
    assert tally.counts == {'crash': 3, 'read': 3}
    assert len(tally.findings) == 1
    assert len(tally.findings[0]) == 3


def test_the_budget_of_time():
    tally = fuzz(Harness('fake', make, read_well), make(), 0, Budget(seconds=1.5))
    assert tally.counts['read'] == tally.counts.total() > 0


@pytest.mark.parametrize('name', [name for name in HARNESSES if name not in SLOW[1:]])
def test_the_same_seed_gives_the_same_files(name):
    harness, numbers = HARNESSES[name], [*range(8), *range(200, 260)]
    made, again = harness.make(), harness.make()
    one, same, other = (
        [case_of(harness, material, seed, number) for number in numbers]
        for material, seed in ((made, 3), (again, 3), (made, 4))
    )
    assert one == same
    assert sum(a != b for a, b in zip(one, other, strict=True)) > 40


def test_every_mutation_takes_every_content():
    pool = Pool([b'other'], [b'token'])
    for mutation in MUTATIONS:
        for content in (b'', b'1', b'\n\n', b'12,13\n\xff', bytes(300)):
            for seed in range(10):
                new = mutation(content, random.Random(seed), pool)
                assert new == mutation(content, random.Random(seed), pool)
                assert len(new) < 5_000_000


def error_of(function, *args):
    with pytest.raises(Exception) as caught:
        function(*args)
    return caught.value


def test_refusals_and_foreign_exceptions(tmp_path):
    path = tmp_path / 'a.idx'
    path.write_bytes(b'1')
    assert judge(error_of(read_idx, path, 1)).kind == 'refused'
    assert judge(error_of(data.csv, tmp_path / 'nowhere.csv', ['a'])).kind == 'refused'
    for foreign in (error_of(float, 'x'), error_of(b'\xff'.decode), error_of(read_idx, None, 1)):
        outcome = judge(foreign)
        assert outcome.kind == 'foreign'
    assert outcome.place == 'mtljax/data/_reading/open.py:_opened'
    long = judge(error_of(data.csv, tmp_path / ('a/' * LONGEST), ['a']))
    assert long.error == 'FileNotFoundError with a very long message'
    (tmp_path / 'a').write_bytes(b'bad')
    assert judge(error_of(raise_key_error, tmp_path, 'a')).message == "'a'"
    assert judge(WrongValueError('x')).kind == 'foreign'


def test_the_smallest_files_of_each_finding_are_kept(tmp_path):
    tally = Tally('fake')
    for number in range(9):
        case = Case('a/b.txt', 'a/b.txt', b'x' * (9 - number))
        tally.add(number, Outcome('foreign', 'KeyError', 'mtljax/a.py:f'), case)
    tally.add(9, Outcome('hang', 'too slow'), Case('a/b.txt', 'a/b.txt', b''))
    tally.add(10, Outcome('read'), None)
    paths = tally.write(tmp_path)
    assert [path.stat().st_size for path in paths] == [1, 2, 3, 4, 5, 0]
    assert paths[0].name == 'fake-foreign-KeyError-a_py_f-1.a.b.txt'
    assert tally.line() == (
        'fake: 11 files, 1 read, 0 refused, 9 foreign, 1 hang, 0 memory, 0 crash'
    )


def source_of(path, seeds):
    """The valid file whose place a fixture takes: its name, or else its suffix, says which."""
    named = [name for name in seeds if path.name.endswith(f'.{name.replace("/", ".")}')]
    alike = [name for name in seeds if Path(name).suffixes[-1:] == path.suffixes[-1:]]
    return max(named, key=len) if named else alike[0]


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=pytest.mark.exhaustive) if name in SLOW else name
        for name in HARNESSES
    ],
)
def test_valid_files_and_former_findings(name):
    """The valid files are read, and what was found before is no finding any more."""
    harness = HARNESSES[name]
    seeds, _, beside = harness.make()
    former = sorted(FIXTURES.glob(f'{name}-*'))
    cases = [Case(source_of(p, seeds), source_of(p, seeds), p.read_bytes()) for p in former]
    known = len(seeds) + len(cases)
    budget = Budget(files=known if name in SLOW else known + 40, longest=20)
    tally = fuzz(harness, Material(seeds, cases, beside), 0, budget)
    assert tally.details() == []
    assert tally.counts['read'] >= len(seeds)
    assert all(tally.counts[kind] == 0 for kind in FINDINGS)


def test_fixtures_are_small_and_belong_to_a_format():
    for path in FIXTURES.iterdir():
        assert path.name.split('-')[0] in HARNESSES, path
        assert path.stat().st_size < 20_000, path


@pytest.mark.exhaustive
def test_the_program(tmp_path):
    done = start('fuzz', '--formats=idx', '--files=4', '--seed=5', f'--folder={tmp_path}')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines() == [
        'seed 5',
        'idx: 4 files, 4 read, 0 refused, 0 foreign, 0 hang, 0 memory, 0 crash',
    ]
    done = start('fuzz', '--formats=idx,nonsense')
    assert done.returncode == 2
    assert "Found ['nonsense']" in done.stderr
