"""Lookahead affinities, and the groups that follow from affinities."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import analysis, backbones, data, gradients, sharing, training


def losses_of(params):
    """Tasks 0 and 1 pull the shared weights the same way, and task 2 pulls them back."""
    wanted = jnp.array([[1.0, 1.0], [1.0, 0.5], [-1.0, -1.0]])
    return ((params['shared'][None] - wanted) ** 2).sum(axis=1) * (1 + params['task'] ** 2)


PARAMS = {'shared': jnp.zeros(2), 'task': jnp.ones(3)}


def test_lookahead_is_that_of_a_loop():
    found = analysis.lookahead(losses_of, PARAMS, 0.1)
    before = np.asarray(losses_of(PARAMS))
    for i in range(3):
        step = jax.grad(lambda shared, i=i: losses_of({**PARAMS, 'shared': shared})[i])(
            PARAMS['shared']
        )
        after = losses_of({**PARAMS, 'shared': PARAMS['shared'] - 0.1 * step})
        np.testing.assert_allclose(found[i], 1 - after / before, rtol=1e-5)
    assert (np.sign(found) == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]).all()


def test_lookahead_of_a_model():
    digits = data.digits(train=64, validation=8, test=8)
    model = sharing.hard(backbones.mlp((8,)), digits.heads)
    params, state = model.init(jax.random.key(0), digits.train.example.inputs)
    batch = digits.train.take(slice(0, 32))
    cut, active = training.objective(model, digits.tasks, state, batch, jax.random.key(1))
    found = jax.jit(lambda params: analysis.lookahead(cut, params, 0.1, active=active))(params)
    assert isinstance(cut, gradients.Cut)
    assert (np.diagonal(found) > 0).all()
    plain = analysis.lookahead(lambda params: cut(params)[0], params, 0.1)
    chex.assert_trees_all_close(found, plain, rtol=1e-4)


def test_lookahead_has_no_value_without_labels_or_loss():
    active = jnp.array([True, False, True])
    found = np.isnan(analysis.lookahead(losses_of, PARAMS, 0.1, active=active))
    assert found.tolist() == [[False, True, False], [True] * 3, [False, True, False]]
    zero = analysis.lookahead(lambda params: losses_of(params) * jnp.array([1, 0, 1]), PARAMS, 0.1)
    assert np.isnan(zero[:, 1]).all()
    with pytest.raises(ValueError, match='step_size'):
        analysis.lookahead(losses_of, PARAMS, 0.0)


def value_of(affinity, names, groups, merge=np.mean):
    total = 0.0
    for group in groups:
        places = [names.index(name) for name in group]
        for j in places:
            others = [affinity[i, j] for i in places if i != j]
            total += merge(others) if others else 0
    return total


def planted(groups, seed):
    rng = np.random.default_rng(seed)
    alike = np.equal.outer(groups, groups)
    return np.where(alike, 0.3, -0.3) + 0.03 * rng.normal(size=alike.shape)


@pytest.mark.parametrize('groups', [[0, 1, 0, 1, 1, 2, 0], [*range(4), *range(4), *range(4)]])
@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('total', [False, True])
def test_planted_groups_are_found(groups, seed, total):
    names = [f't{at}' for at in range(len(groups))]
    found = analysis.task_groups(planted(groups, seed), names, total=total)
    right = [[n for n, g in zip(names, groups, strict=True) if g == each] for each in set(groups)]
    assert sorted(found) == sorted(right)


@pytest.mark.parametrize(('total', 'merge'), [(False, np.mean), (True, np.sum)])
def test_no_other_division_is_better(total, merge):
    rng = np.random.default_rng(0)
    names = list('abcde')
    for _ in range(5):
        affinity = rng.normal(size=(5, 5))
        for most in (2, 5):
            found = analysis.task_groups(affinity, names, max_groups=most, total=total)
            best = value_of(affinity, names, found, merge)
            for labels in itertools.product(range(most), repeat=5):
                groups = [
                    [n for n, g in zip(names, labels, strict=True) if g == each]
                    for each in set(labels)
                ]
                assert value_of(affinity, names, groups, merge) <= best + 1e-9


def test_the_search_for_many_tasks_is_near_the_best():
    rng = np.random.default_rng(1)
    names = list('abcdefgh')
    for _ in range(5):
        affinity = rng.normal(size=(8, 8))
        exact = value_of(affinity, names, analysis.task_groups(affinity, names))
        places = analysis._task_groups._joined(affinity, 8, analysis._task_groups._mean)
        joined = value_of(affinity, names, [[names[at] for at in group] for group in places])
        assert 0.9 * exact <= joined <= exact + 1e-9


def test_what_is_known_about_groups():
    assert analysis.task_groups(np.zeros((3, 3)), 'abc') == [['a'], ['b'], ['c']]
    assert analysis.task_groups(-np.ones((3, 3)), 'abc', max_groups=1) == [['a', 'b', 'c']]
    assert analysis.task_groups(np.full((2, 2), np.nan), 'ab') == [['a'], ['b']]
    assert analysis.task_groups([[0.0]], 'a') == [['a']]
    loose = [[0, 0.9, 0.6, -0.1], [0.9, 0, 0.2, -0.1], [0.6, 0.2, 0, -0.1], [-0.1, -0.1, -0.1, 0]]
    assert analysis.task_groups(loose, 'abcd') == [['a', 'b'], ['c'], ['d']]
    assert analysis.task_groups(loose, 'abcd', total=True) == [['a', 'b', 'c'], ['d']]
    many = [f't{at}' for at in range(40)]
    assert len(analysis.task_groups(-np.ones((40, 40)), many, max_groups=3)) <= 3
    with pytest.raises(ValueError, match=r'shape \[2, 2\].*Found \[3, 3\]'):
        analysis.task_groups(np.zeros((3, 3)), 'ab')
    with pytest.raises(ValueError, match='max_groups'):
        analysis.task_groups(np.zeros((2, 2)), 'ab', max_groups=0)
