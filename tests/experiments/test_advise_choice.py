"""Which method an advise chooses, from records."""

import math

import pytest

from experiments.advise.choice import choose
from experiments.advise.request import Request
from experiments.advise.scores import Scores
from tests.experiments.advise_runs import TASKS, alone, run

ANY = Request(60.0, None, None, None, {})
SEEDS = range(5)
NOISE = (0.004, -0.006, 0.002, 0.005, -0.001)


def runs(method, a, b=0.5, noise=1.0, seeds=SEEDS, **more):
    return [run(method, seed, a + noise * NOISE[seed], b, **more) for seed in seeds]


def chosen(request=ANY, first=(0,), primary=None, **others):
    every = {'hard': runs('hard', 1.0), **others}
    return choose(every, 'hard', first, Scores(TASKS, alone(), primary), request)


def test_changes_are_relative_and_negative_is_better():
    scores = Scores(TASKS, alone(a=2.0, b=0.5), None)
    changes = scores.changes(run('x', 0, 1.0, 0.6).validation)
    assert changes == {'a': pytest.approx(-50), 'b': pytest.approx(-20)}
    assert scores.score(changes) == pytest.approx(-35)
    assert Scores(TASKS, alone(), 'b').score({'a': -50, 'b': 3}) == 3


def test_tasks_without_a_number_do_not_count():
    scores = Scores(TASKS, alone(b=math.nan), None)
    assert scores.unknown() == ['b']
    changes = scores.changes(run('x', 0, 0.9, 0.6).validation)
    assert math.isnan(changes['b'])
    assert scores.score(changes) == pytest.approx(-10)
    assert Scores(TASKS, alone(b=math.nan), 'b').score(changes) == math.inf


def test_a_better_method_is_chosen():
    found = chosen(mmoe=runs('mmoe', 0.9, noise=-1), pcgrad=runs('pcgrad', 1.1))
    assert (found.method, found.best, found.is_sure) == ('mmoe', 'mmoe', True)
    assert found.difference == pytest.approx(-5, abs=0.1)
    assert found.seeds == 4  # seed 0 chose the finalists


def test_noise_keeps_the_default():
    found = chosen(mmoe=runs('mmoe', 0.999, noise=-1))
    assert (found.method, found.best, found.is_sure) == ('hard', 'mmoe', False)


def test_one_seed_keeps_the_default():
    found = choose(
        {'hard': runs('hard', 1.0, seeds=[0]), 'mmoe': runs('mmoe', 0.5, seeds=[0])},
        'hard',
        [0],
        Scores(TASKS, alone(), None),
        ANY,
    )
    assert found.method == 'hard'
    assert found.best == 'mmoe'
    assert math.isnan(found.half)


def test_of_equal_methods_the_smaller_one_is_chosen():
    large = runs('mmoe', 0.9, noise=-1, parameters=100)
    small = runs('ple', 0.901, noise=1, parameters=20)
    found = chosen(mmoe=large, ple=small)
    assert (found.best, found.method) == ('mmoe', 'ple')


def test_restrictions_refuse_methods():
    better = {
        'large': runs('large', 0.8, parameters=100),
        'unfair': runs('unfair', 0.7, b=0.45),
        'failed': runs('failed', 0.6, error='NaN'),
        'fair': runs('fair', 0.9, noise=-1),
    }
    request = ANY._replace(max_parameters=50, tolerate={'b': 1.0})
    found = chosen(request, **better)
    assert found.method == 'fair'
    assert found.refused == {
        'large': 'it has 100 parameters',
        'unfair': 'b is 10 % worse than its own network',
        'failed': 'its loss was not finite with seed 0',
    }


def test_if_the_default_is_not_allowed_the_best_of_the_others_is_chosen():
    every = {'hard': runs('hard', 0.5, b=0.4), 'mmoe': runs('mmoe', 0.9)}
    request = ANY._replace(tolerate={'b': 1.0})
    found = choose(every, 'hard', [0], Scores(TASKS, alone(), None), request)
    assert found.method == 'mmoe'


def test_if_the_default_fails_the_best_of_the_others_is_chosen():
    every = {
        'hard': [run('hard', 0, math.nan, math.nan, error='NaN')],
        'mmoe': runs('mmoe', 0.9, seeds=[0]),
        'ple': runs('ple', 0.8, seeds=[0]),
    }
    found = choose(every, 'hard', [0], Scores(TASKS, alone(), None), ANY)
    assert found.method == 'ple'
    assert list(found.refused) == ['hard']


def test_nothing_else_was_trained():
    found = chosen()
    assert (found.method, found.best, found.seeds) == ('hard', 'hard', 0)
