"""What a comparison says in words, and how it prints its tables."""

import dataclasses
import math

import pytest

from experiments import show
from experiments.compare.lift import label_counts, lift
from experiments.compare.methods import BASELINE
from experiments.compare.records import Row
from experiments.compare.verdict import verdict
from experiments.program import console
from mtljax import data
from mtljax.analysis import Record, Table

TASKS = data.ranking_log(train=2000, validation=50, test=50, labels={'conversion': 0.1}).tasks
ALONE = {'click': [0.8, 0.82], 'conversion': [0.6, 0.61], 'dwell': [20.0, 21.0]}


def records_of(changes, seeds=2):
    """Records of the baseline, and of hard sharing with these changes of the first metric."""
    records = []
    for seed in range(seeds):
        for method in (BASELINE, 'hard'):
            test = {}
            for task, change in changes.items():
                value = ALONE[task][seed] + (change[seed] if method == 'hard' else 0.0)
                test[task] = {'loss': value, next(iter(TASKS[task].metrics)): value}
            records.append(Record(method, seed, test, 400 if method == BASELINE else 112, 1.0))
    return records


SAME, UP, DOWN = (0.1, -0.1), (0.1, 0.1001), (-0.1, -0.1001)
HARD, SINGLE = Row('hard', {0: 0.5, 1: 0.5}, 112), Row(BASELINE, {0: 0.4, 1: 0.4}, 400)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ((SAME, SAME, SAME), 'Hard sharing is within noise of three separate models'),
        ((UP, UP, DOWN), 'Hard sharing is better than three separate models'),  # of dwell, less is
        ((DOWN, DOWN, UP), 'Hard sharing is worse than three separate models'),
        (
            (DOWN, UP, SAME),
            'Hard sharing is better than three separate models on conversion, worse on click and '
            'within noise on dwell',
        ),
        (
            (SAME, (math.nan, 0.1), SAME),
            'Hard sharing is within noise of three separate models on click and dwell and not '
            'comparable on conversion',
        ),
        (((math.nan,) * 2,) * 3, 'Hard sharing is not comparable with three separate models'),
        (((0.0, 0.0),) * 3, 'Hard sharing is within noise of three separate models'),
    ],
)
def test_each_task_is_better_worse_or_within_noise(changes, said):
    records = records_of(dict(zip(ALONE, changes, strict=True)))
    tasks = {name: TASKS[name] for name in ALONE}
    assert verdict([HARD, SINGLE], records, tasks) == f'{said}, at 28 % of the parameters.'


def test_one_seed_says_that_it_may_be_noise():
    records = records_of({'click': UP, 'dwell': UP}, seeds=1)
    found = verdict([HARD, SINGLE], records, {name: TASKS[name] for name in ('click', 'dwell')})
    assert found == (
        'Hard sharing is ahead of two separate models on click and behind on dwell, at 28 % of the '
        'parameters. With one seed, this may be noise: --seeds=3 gives intervals.'
    )


def test_one_task_and_a_baseline_that_is_best():
    found = verdict([SINGLE, HARD], records_of({'click': SAME}), {'click': TASKS['click']})
    assert found == (
        'One separate model has the best score on validation. Hard sharing is within noise of one '
        'separate model, at 28 % of the parameters.'
    )


def test_a_task_without_metrics_is_judged_by_its_loss():
    task = dataclasses.replace(TASKS['click'], metrics={})
    found = verdict([HARD, SINGLE], records_of({'click': UP}), {'click': task})
    assert found.startswith('Hard sharing is worse')


def test_the_task_with_the_fewest_labels_has_a_sentence():
    records = records_of({'click': SAME, 'conversion': UP})
    tasks = {name: TASKS[name] for name in ('click', 'conversion')}
    found = lift(HARD, records, tasks, {'click': 1000, 'conversion': 20})
    assert found.startswith(
        'conversion has the fewest labels, 20; click has 1,000. auc of conversion: 0.6050 with a '
        'separate model, 0.7050 with hard sharing, +0.1000 ± 0.0006 (95 % interval).'
    )
    assert lift(HARD, records, tasks, {'click': 1000, 'conversion': 600}) == ''
    assert lift(HARD, records, tasks, {}) == ''


def test_labels_are_counted_per_example():
    split = data.ranking_log(train=2000, validation=50, test=50, labels={'safety': 0.1}).train
    assert label_counts(split)['safety'] == 200
    assert label_counts(object()) == {}


@pytest.mark.parametrize('width', [20, 40, 100])
def test_no_column_of_a_wide_table_is_hidden(width, monkeypatch):
    columns = ['method', *(f'task{index} {name}' for index in range(4) for name in ('mae', 'r2'))]
    table = Table(columns, [['single-task', *(f'0.{index:04} ± 0.01' for index in range(8))]])
    monkeypatch.setattr(console, 'width', width)
    with console.capture() as capture:
        show.show(table, 'Wide', 'a note')
    text = capture.get()
    assert all(f'0.{index:04} ± 0.01' in text for index in range(8))
    assert all(text.count(f'task{index}') == 2 for index in range(4))
    if width >= 40:
        assert max(map(len, text.splitlines())) <= width
