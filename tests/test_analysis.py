"""Tables and figures."""

import math

import pytest

from mtljax import analysis, data
from mtljax.analysis import Record


@pytest.fixture(scope='module')
def tasks():
    return data.digits(train=4, validation=2, test=2).tasks


@pytest.fixture
def found(tasks):
    scores = {'alone': (0.8, 0.9), 'shared': (0.6, 0.9)}
    records = [
        Record(method, seed, {t: {'accuracy': s + seed / 10} for t in ('left', 'right')}, 10, 5.0)
        for method, pair in scores.items()
        for seed, s in enumerate(pair)
    ]
    return analysis.summary(records, 'alone', tasks)


def test_summary_compares_with_the_mean_of_the_baseline(found):
    mean, error = found['shared']['left accuracy']
    assert mean == pytest.approx(0.8)
    assert error == pytest.approx(0.2)
    assert found['shared']['delta_m_flat'][0] == pytest.approx(-100 * (0.8 - 0.9) / 0.9)
    assert found['alone']['delta_m_task'][0] == pytest.approx(0)


def test_one_seed_has_no_error():
    mean, error = analysis.mean_and_error([2.0])
    assert mean == 2
    assert math.isnan(error)


def test_summary_without_its_baseline(tasks):
    with pytest.raises(ValueError, match="baseline 'alone'"):
        analysis.summary([], 'alone', tasks)


def test_table_has_a_dash_where_the_baseline_meets_itself(found):
    table = analysis.as_table(found, 'alone')
    assert table.columns[:3] == ['method', 'left accuracy', 'right accuracy']
    assert table.rows[0][-2:] == ['-', '-']
    assert table.rows[1][1] == '0.8000 ± 0.2000'


def test_intervals_draw_one_panel_per_quantity_and_one_mark_per_method(found):
    figure = analysis.intervals(found, {'left accuracy': 'left', 'delta_m_flat': 'change'})
    assert [axes.get_title() for axes in figure.axes] == ['left', 'change']
    assert [len(axes.containers) for axes in figure.axes] == [2, 2]


def test_curves_draw_every_loss_and_metric():
    rows = [
        {'step': 1, 'loss/b': 1.0, 'loss/a': 2.0},
        {'step': 2, 'loss/b': 0.5, 'loss/a': 1.0},
        {'step': 2, 'validation/b/loss': 0.7, 'validation/b/accuracy': 0.5},
        {'step': 2, 'validation/a/loss': 0.9, 'validation/a/accuracy': 0.4},
    ]
    figure = analysis.curves(rows)
    assert [axes.get_ylabel() for axes in figure.axes] == ['loss', 'accuracy']
    assert [len(axes.lines) for axes in figure.axes] == [4, 2]
