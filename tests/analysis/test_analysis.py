"""Tables and figures."""

import math

import numpy as np
import pytest

from mtljax import analysis, data
from mtljax.analysis import Record


@pytest.fixture(scope='module')
def tasks():
    return data.digits(train=4, validation=2, test=2).tasks


@pytest.fixture
def actual(tasks):
    scores = {'alone': (0.8, 0.9), 'shared': (0.6, 0.9)}
    records = [
        Record(method, seed, {t: {'accuracy': s + seed / 10} for t in ('left', 'right')}, 10, 5.0)
        for method, pair in scores.items()
        for seed, s in enumerate(pair)
    ]
    return analysis.summary(records, 'alone', tasks)


def test_summary_compares_with_the_mean_of_the_baseline(actual):
    mean, error = actual['shared']['left accuracy']
    assert mean == pytest.approx(0.8)
    assert error == pytest.approx(0.2)
    assert actual['shared']['delta_m_flat'][0] == pytest.approx(-100 * (0.8 - 0.9) / 0.9)
    assert actual['alone']['delta_m_task'][0] == pytest.approx(0)


def test_one_seed_has_no_error():
    mean, error = analysis.mean_and_error([2.0])
    assert mean == 2
    assert math.isnan(error)


def test_summary_without_its_baseline(tasks):
    with pytest.raises(ValueError, match=r"baseline should be .*Found 'alone'"):
        analysis.summary([], 'alone', tasks)


def test_table_has_a_dash_where_the_baseline_meets_itself(actual):
    table = analysis.as_table(actual, 'alone')
    assert table.columns[:3] == ['method', 'left accuracy', 'right accuracy']
    assert table.rows[0][-3:] == ['-', '-', '-']
    assert table.rows[1][1] == '0.8000 ± 0.2000'


def test_intervals_draw_one_panel_per_quantity_and_one_mark_per_method(actual):
    figure = analysis.intervals(actual, {'left accuracy': 'left', 'delta_m_flat': 'change'})
    assert [axes.get_title() for axes in figure.axes] == ['left', 'change']
    assert [len(axes.containers) for axes in figure.axes] == [2, 2]
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == list(actual)
    assert figure.axes[1].get_shared_y_axes().joined(*figure.axes)


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


def test_ranks_share_ties_and_follow_the_direction():
    actual = {
        'x': {'a auc': (0.9, 0.0), 'a mae': (3.0, 0.0)},
        'y': {'a auc': (0.8, 0.0), 'a mae': (1.0, 0.0)},
        'z': {'a auc': (0.8, 0.0), 'a mae': (2.0, 0.0)},
    }
    ranks = analysis.mean_ranks(actual, {'a': {'auc': True, 'mae': False}})
    assert ranks == {'x': (1 + 3) / 2, 'y': (2.5 + 1) / 2, 'z': (2.5 + 2) / 2}


def test_paired_differences_cancel_what_seeds_share():
    values = {'hard': (1.0, 5.0, 3.0), 'mmoe': (0.5, 4.0, 2.0)}
    records = [
        Record(method, seed, {'a': {'mae': value}}, 1, 1.0)
        for method, row in values.items()
        for seed, value in enumerate(row)
    ]
    mean, half = analysis.paired(records, 'hard', {'a': ['mae']})['mmoe']['a mae']
    assert mean == pytest.approx(-2.5 / 3)
    assert half == pytest.approx(4.3027 * 0.28868 / math.sqrt(3), rel=1e-4)
    rows = analysis.paired_table({'mmoe': {'a mae': (mean, half)}}, 'hard').rows
    assert rows == [['mmoe - hard', '-0.8333 ± 0.7171 *']]


def test_the_front_is_what_no_method_beats():
    assert analysis.pareto([(1, 1), (2, 0), (0, 2), (0, 0), (1, 1)]) == [0, 1, 2, 4]
    actual = {
        name: {'a mae': (x, 0.1), 'b auc': (y, math.nan)}
        for name, (x, y) in {'low': (1, 0.5), 'high': (2, 0.9), 'bad': (3, 0.4)}.items()
    }
    (axes,) = analysis.fronts(actual, ['a mae', 'b auc'], {'a mae': False, 'b auc': True}).axes
    (front,) = (line for line in axes.lines if line.get_label() == 'Pareto front')
    assert sorted(front.get_xydata().tolist()) == [[1, 0.5], [2, 0.9]]
    assert axes.xaxis_inverted()
    assert not axes.yaxis_inverted()


def test_mixing_finds_gates_and_units():
    tasks, units = ['b', 'a'], {'stage0': np.array([[0.9, 0.1], [0.2, 0.8]])}
    gates = {'b': {'load': np.array([0.7, 0.3])}, 'a': {'load': np.array([0.4, 0.6])}}
    actual = analysis.mixing(tasks, {'shared': {'units': units}}, {'task': {'gates': gates}})
    assert actual == {'units stage0': [[0.9, 0.1], [0.2, 0.8]], 'gates': [[0.7, 0.3], [0.4, 0.6]]}
    figure = analysis.heat_maps(actual, tasks)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == tasks
    assert [axes.get_xlabel() for axes in figure.axes] == ['', 'expert']
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ['1', '2']


def test_mixing_leaves_out_units_that_are_no_matrix():
    alpha = {task: {'alpha': np.ones((2, 2, 2)), 'layers': np.ones(2)} for task in 'ab'}
    reduce = {task: {'kernel': np.ones((2, 5, 5))} for task in 'ab'}
    for units in (alpha, reduce, dict.fromkeys('ab', np.ones((2, 2, 2)))):
        assert analysis.mixing('ab', {'task': {'units': units}}, {}) == {}


def test_learning_curves_are_means_over_seeds():
    runs = [[{'step': 1, 'validation/a/mae': v}, {'step': 2}] for v in (1.0, 3.0)]
    (axes,) = analysis.learning_curves({'hard': runs}, {'validation/a/mae': 'a'}).axes
    assert axes.lines[0].get_xydata().tolist() == [[1, 2.0]]
