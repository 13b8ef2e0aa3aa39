"""Scores from chosen tasks with weights."""

import math

import pytest

from mtljax import data, training
from mtljax.training._select import check_score

DIGITS = data.digits(train=4, validation=2, test=2)
RESULTS = {'a': {'loss': 0.5, 'auc': 0.9}, 'b': {'loss': 1.5, 'auc': 0.6}, 'c': {'loss': 4.0}}


@pytest.mark.parametrize(
    ('weights', 'expected'),
    [
        ({'a': 1.0, 'b': 0.5}, -(0.5 + 0.75) / 1.5),
        ({'b': 2}, -1.5),
        ({'a': 0, 'c': 1}, -4.0),
        ({'a': 1, 'b': 1, 'c': 1}, -2.0),
        (None, -2.0),
    ],
)
def test_the_score_is_a_weighted_mean(weights, expected):
    assert training.select_by('loss', weights=weights)(RESULTS) == pytest.approx(expected)


def test_higher_is_better():
    score = training.select_by('auc', higher_is_better=True, weights={'a': 1, 'b': 3})
    assert score(RESULTS) == pytest.approx(0.675)


def test_values_that_are_not_finite_do_not_count():
    results = RESULTS | {'a': {'loss': math.nan}}
    score = training.select_by('loss', weights={'a': 5, 'b': 1})
    assert score(results) == -1.5
    assert training.select_by('loss', weights={'a': 5})(results) == -math.inf


@pytest.mark.parametrize(
    ('weights', 'said'),
    [
        ({'click': -1}, r"weights\['click'\] should be .*>= 0"),
        ({'click': math.nan}, 'should be .*>= 0'),
        ({'click': 0}, 'should be above 0'),
        ({}, 'should be above 0'),
        (['click'], 'should be a mapping'),
    ],
)
def test_weights_that_are_refused(weights, said):
    with pytest.raises(ValueError, match=said):
        training.select_by(weights=weights)


def test_tasks_and_metrics_that_do_not_exist():
    with pytest.raises(ValueError, match=r"Found \['lefd'\].*[Dd]id you mean 'left'"):
        check_score(training.select_by(weights={'lefd': 1}), DIGITS.tasks)
    with pytest.raises(ValueError, match=r"tasks \['c'\] in weights lack the metric 'auc'"):
        training.select_by('auc', weights={'a': 1, 'c': 1})(RESULTS)
    with pytest.raises(ValueError, match="No task has the metric 'f1'"):
        training.select_by('f1')(RESULTS)
