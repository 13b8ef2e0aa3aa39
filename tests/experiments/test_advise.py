"""The parts of an advise: flags, clock, shorter configs, proposals; and the program."""

import json
import math

import numpy as np
import pytest
from absl import flags
from ml_collections import ConfigDict, FieldReference

from configs import digits as digits_config
from experiments import build
from experiments.advise import planted
from experiments.advise.clock import Clock
from experiments.advise.proposals import default, proposals
from experiments.advise.request import define_flags, duration, read_request
from experiments.advise.scaled import of_tasks, shortened, watched
from experiments.advise.tasks import check_tasks, notes_on
from experiments.program import UsageError
from mtljax import data
from mtljax.analysis import Branching
from mtljax.base import Dataset
from tests.experiments.advise_runs import TASKS
from tests.experiments.programs import start

SMALL = (
    '--config.data.train=64',
    '--config.data.validation=32',
    '--config.data.test=32',
    '--config.train.steps=8',
    '--config.train.batch_size=16',
    '--config.train.log_every=4',
    '--config.train.eval_every=4',
)


@pytest.mark.parametrize('text', ['', '0', '-1m', '5x', 'm', 'inf', '1e999'])
def test_a_budget_is_a_time(text):
    with pytest.raises(UsageError, match='--budget should be a time such as 90s'):
        duration(text)


def given(**changed):
    """The request of flags that are given, without those of this process."""
    values = flags.FlagValues()
    define_flags(values)
    values.mark_as_parsed()
    for name, value in changed.items():
        values[name].value = value
    return read_request(TASKS, values)


def test_a_request():
    found = given(budget='2m', primary='a', tolerate=['a:1%', 'b:0.5'], max_parameters=7)
    assert found == (120.0, 7, None, 'a', {'a': 1.0, 'b': 0.5})


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        ({'primary': 'c'}, '--primary should name one of the tasks a, b'),
        ({'tolerate': ['c:1%']}, '--tolerate should name one of the tasks a, b'),
        ({'tolerate': ['a']}, 'should be a task and a percentage'),
        ({'tolerate': ['a:few']}, 'should be a task and a percentage'),
    ],
)
def test_a_request_for_unknown_tasks(values, said):
    with pytest.raises(UsageError, match=said):
        given(**values)


def test_the_clock_goes_on_after_a_stop(tmp_path):
    clock = Clock(tmp_path / 'clock.json', 100.0)
    with clock.timed('hard', 2):
        pass
    again = Clock(tmp_path / 'clock.json', 100.0)
    assert again.used >= clock._walls['hard']
    assert again.expected('mmoe', 'hard') == again.expected('hard', '') == clock._walls['hard']
    assert again.left < 100


@pytest.mark.parametrize('text', ['', '[]', '{"used": 1}', '{"used": "x", "seconds_per_run": {}}'])
def test_a_damaged_clock_begins_again(tmp_path, text):
    (tmp_path / 'clock.json').write_text(text)
    assert Clock(tmp_path / 'clock.json', 100.0).used < 5


def test_a_shorter_config_has_shorter_schedules():
    steps = FieldReference(100)
    config = ConfigDict({'decay': steps, 'train': {'steps': steps, 'log_every': steps // 10}})
    short = shortened(config, 0.5)
    assert short.to_dict() == {'decay': 50, 'train': {'steps': 50, 'log_every': 5}}
    assert config.decay == 100


def test_a_watched_config_measures_often():
    config = digits_config.get_config()
    changed = watched(config, 1.0)
    assert changed.surgery.fn == 'mtljax.surgery:watch'
    assert changed.train.engine == 'batched'
    assert changed.train.steps // changed.surgery.every >= 100
    assert config.surgery.fn == 'mtljax.surgery:sum'


def test_pairs_have_the_weight_0_for_other_tasks():
    config = digits_config.get_config()
    tasks = data.digits(train=4, validation=2, test=2).tasks
    changed = of_tasks(config, tasks, ['right'])
    assert changed.weighting.weights == (0.0, 1.0)
    assert changed.select.weights.to_dict() == {'left': 0.0, 'right': 1.0}


def branching(conflicts):
    cosines = np.tile(np.where(np.eye(3), 1.0, -0.5), (2, 1, 1))
    marks = np.zeros((2, 3, 3), bool)
    marks[1] = conflicts
    at = 1 if conflicts else 2
    groups = [['left'], ['right']] if conflicts else [['left', 'right']]
    depths = {'left': at, 'right': at}
    return Branching(('stage0', 'stage1'), cosines, marks, {'stage1': 0.9}, at, depths, groups)


def test_conflicts_come_first():
    config = digits_config.get_config()
    found = proposals(config, branching(True), {}, balanced=True)
    names = [each.method for each in found]
    assert names[0] == 'grouped at 1: left | right'
    assert found[0].config.sharing.to_dict() == {
        'fn': 'mtljax.sharing:grouped',
        'groups': (('left',), ('right',)),
        'at': 1,
    }
    assert names.index('pcgrad') < names.index('mmoe') < names.index('uncertainty')
    assert len(names) == len(set(names))


def test_norms_that_differ_come_before_mixtures():
    config = digits_config.get_config()
    found = proposals(config, branching(False), {}, balanced=False)
    names = [each.method for each in found]
    assert names[0] == 'uncertainty'
    assert not any(name.startswith('grouped') for name in names)


def test_each_proposal_can_be_built():
    config = digits_config.get_config()
    for each in [default(config), *proposals(config, branching(True), {}, balanced=True)]:
        with each.config.unlocked():
            each.config.data.update(train=32, validation=16, test=16)
            each.config.train.batch_size = 16
        build.check(build.setup(each.config))


def test_one_task_has_nothing_to_share():
    with pytest.raises(UsageError, match='with one there is nothing to share'):
        check_tasks({'a': TASKS['a']})


def test_copies_and_tasks_without_validation_labels_are_named():
    x, y = np.ones((8, 2), np.float32), np.arange(8, dtype=np.float32)
    train = data.array_split(x, {'a': y, 'b': y})
    validation = data.array_split(x, {'a': y, 'b': y}, {'b': np.zeros(8, bool)})
    notes = notes_on(Dataset(TASKS, train, validation, train))
    assert 'a and b have the same labels' in notes[0]
    assert 'b has no label in the validation split' in notes[1]


def test_the_planted_tasks():
    made = [planted.planted(seed=seed, train=400, validation=10, test=10) for seed in (0, 0, 1)]
    first, again, other = (split.train.arrays.targets for split in made)
    assert list(first) == ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c']
    assert all(np.array_equal(first[task], again[task]) for task in first)
    assert not np.array_equal(first['a1'], other['a1'])
    related = np.corrcoef([*first.values()])
    assert related[0, 1] > 0.8 > related[0, 3] > 0.3
    assert abs(related[0, 6]) < 0.2
    assert {planted.stage_of(seed) for seed in range(30)} == set(range(1, 7))


@pytest.mark.exhaustive
def test_an_advise_and_its_files(tmp_path):
    command = ('advise', '--config=configs/digits.py', *SMALL, f'--workdir={tmp_path}')
    done = start(*command, '--budget=10m')
    assert done.returncode == 0, done.stderr
    assert 'What was tried' in done.stdout
    told = json.loads((tmp_path / 'advice.json').read_text())
    assert told['told'][0].startswith('Use ')
    assert told['told'][0] in done.stdout.replace('\n', ' ')
    assert (tmp_path / 'report.html').stat().st_size > 10_000
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / 'runs').glob('*.json')}
    again = start(*command, '--budget=11m')
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in files} == files
    trained = start('train', f'--config={tmp_path}/choice.py', f'--workdir={tmp_path}/choice')
    assert trained.returncode == 0, trained.stderr
    assert math.isfinite(json.loads((tmp_path / 'choice/summary.json').read_text())['best_step'])


def test_a_budget_that_is_too_small_says_so(tmp_path):
    done = start(
        'advise', '--config=configs/digits.py', *SMALL, f'--workdir={tmp_path}', '--budget=1s'
    )
    assert done.returncode == 0, done.stderr
    assert 'too small for a statement' in done.stdout
    assert not (tmp_path / 'advice.json').exists()


def test_a_folder_of_another_config_is_refused(tmp_path):
    (tmp_path / 'runs').mkdir()
    (tmp_path / 'runs' / 'x.json').write_text('{}')
    (tmp_path / 'config.json').write_text('{"seed": 7}')
    done = start('advise', '--config=configs/digits.py', *SMALL, f'--workdir={tmp_path}')
    assert done.returncode == 2
    assert 'belongs to another config' in done.stderr
