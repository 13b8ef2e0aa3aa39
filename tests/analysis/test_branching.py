"""Stages at which tasks should part, from logs with known conflicts."""

import itertools

import numpy as np
import pytest

from mtljax import analysis

TASKS = ('a1', 'a2', 'b1', 'b2', 'c')


def log(stages, seed=0, rows=40, noise=0.05, tasks=TASKS):
    """A log in which the groups a and b oppose each other at some stages, beside noise."""
    rng = np.random.default_rng(seed)
    found = []
    for step in range(rows):
        row = {'step': step + 1, 'cosine/all': 0.0}
        for stage in ('all', *(f'stage{at}' for at in range(11))):
            row |= {f'cosine/{stage}': 0.0, f'conflicting/{stage}': float(stage in stages)}
            for one, other in itertools.combinations(tasks, 2):
                sign = 0.0 if 'c' in (one, other) else 0.5
                if one[0] != other[0] and stage in stages:
                    sign = -sign
                row[f'cosine/{stage}/{one}~{other}'] = sign + noise * rng.normal()
        found.append(row)
    return analysis.conflicts(found)


@pytest.mark.parametrize('at', [0, 3, 10])
def test_tasks_part_at_the_first_stage_with_a_strong_conflict(at):
    found = analysis.branching([log({f'stage{at}', 'stage10'}, seed) for seed in (0, 1)], TASKS)
    assert found.at == at
    assert found.groups == [['a1', 'a2'], ['b1', 'b2'], ['c']]
    assert found.depths == {'a1': at, 'a2': at, 'b1': at, 'b2': at, 'c': 11}
    assert found.stages == tuple(f'stage{index}' for index in range(11))
    assert found.scores[f'stage{at}'] == 1
    assert found.scores['stage5'] == 0
    assert np.array_equal(found.cosines, found.cosines.swapaxes(1, 2))


def test_a_conflict_of_one_pair_does_not_part_the_tasks_before_the_strong_stage():
    run = log({'stage4'}, noise=0.0)
    run.cosines[:, run.stages.index('stage1'), run.pairs.index('a1~c')] = -0.3
    found = analysis.branching([run], TASKS)
    assert found.conflicts[1, 0, 4]
    assert (found.at, found.depths['a1'], found.depths['c']) == (4, 4, 11)


def test_without_a_conflict_all_tasks_stay_together():
    found = analysis.branching([log(set())], TASKS)
    assert (found.at, found.groups) == (11, [list(TASKS)])
    assert not found.conflicts.any()
    assert set(found.depths.values()) == {11}


def test_a_small_cosine_is_no_conflict():
    runs = [log({'stage2'}, noise=0.0)]
    assert analysis.branching(runs, TASKS).at == 2
    assert analysis.branching(runs, TASKS, least=0.6).at == 11


def test_a_mean_below_the_limit_is_no_conflict_if_it_may_be_noise():
    rng, rows = np.random.default_rng(0), []
    for step, value in enumerate(rng.permutation(np.repeat([-3.0, 2.7], 20))):
        row = {'step': step, 'cosine/all': 0.0, 'conflicting/all': 0.0, 'cosine/all/a~b': 0.0}
        rows.append(row | {'cosine/stage0': value, 'cosine/stage0/a~b': value})
    found = analysis.branching([analysis.conflicts(rows)], ['a', 'b'], warm_up=0)
    assert found.cosines[0, 0, 1] == pytest.approx(-0.15)
    assert found.at == 1


def test_the_first_rows_do_not_count():
    run = log(set(), noise=0.0)
    run.cosines[:4] = -1.0  # the first tenth
    assert analysis.branching([run], TASKS).at == 11
    assert analysis.branching([run], TASKS, warm_up=0).cosines[0, 0, 1] == pytest.approx(0.35)


def test_rows_without_a_measurement_do_not_count():
    run = log({'stage1'}, noise=0.0)
    run.cosines[::2] = np.nan
    assert analysis.branching([run], TASKS).at == 1
    run.cosines[:] = np.nan
    found = analysis.branching([run], TASKS)
    assert (found.at, found.groups) == (11, [list(TASKS)])


@pytest.mark.parametrize('runs', [[], [log(set(), tasks=('a', 'b'))]])
def test_runs_need_the_cosines_of_all_pairs(runs):
    with pytest.raises(ValueError, match='cosines of each pair of tasks at the stages'):
        analysis.branching(runs, TASKS)


@pytest.mark.parametrize('option', [{'least': -0.1}, {'least': 1.5}, {'warm_up': 1.0}])
def test_options_are_shares(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        analysis.branching([log(set())], TASKS, **option)
