"""Estimated losses of subsets: an oracle, planted groups, missing labels."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from mtljax import (
    Dataset,
    Module,
    Task,
    analysis,
    backbones,
    data,
    heads,
    module,
    sharing,
    surgery,
    training,
)
from mtljax.analysis import _subspace
from mtljax.analysis._subspace_fit import minimise

SUBSETS = [['a'], ['b'], ['c'], ['a', 'b'], ['c', 'a'], ['c', 'b', 'a']]
NAMES = ('a', 'b', 'c')


def regression(size=60, seed=0, mask=None, **more):
    rng = np.random.default_rng(seed)

    def split(count):
        x = rng.normal(size=(count, 4)).astype(np.float32)
        y = {name: (x[:, at] + rng.normal(size=count)).astype(np.float32) for at, name in
             enumerate(NAMES)}  # fmt: skip
        return x, y

    task = Task(heads.linear(), optax.squared_error, **more)
    parts = [data.array_split(*split(size), mask=mask) for _ in range(3)]
    return Dataset(dict.fromkeys(NAMES, task), *parts)


def linear_model(dataset):
    return sharing.hard((module.from_linen(linen.Dense(3)),), dataset.heads)


def variables_of(model, dataset, seed=0):
    return model.init(jax.random.key(seed), dataset.train.example.inputs)


def designs(params, split, dim, key):
    """The residuals and slopes of each task, from the matrix P as a whole."""
    columns = [
        _subspace._column(each, params['shared'], dim) for each in jax.random.split(key, dim)
    ]
    x = np.asarray(split.arrays.inputs, np.float64)
    layer = jax.tree.map(np.float64, params['shared']['stage0'])
    features = x @ layer['kernel'] + layer['bias']
    moves = [jax.tree.map(np.float64, column['stage0']) for column in columns]
    slopes = np.stack([x @ move['kernel'] + move['bias'] for move in moves])  # [d, N, 3]
    found = {}
    for name in NAMES:
        head = jax.tree.map(np.float64, params['task']['heads'][name]['Dense_0'])
        f = (features @ head['kernel'] + head['bias'])[:, 0]
        found[name] = f - split.arrays.targets[name], (slopes @ head['kernel'])[..., 0].T
    return found


def expected_losses(params, dataset, dim, ridge, key, rows=None):
    """The closed form of ridge regression, for each subset."""
    near, far = (designs(params, split, dim, key) for split in (dataset.train, dataset.validation))
    rows = rows or dict.fromkeys(NAMES, slice(None))
    table = np.full((len(SUBSETS), 3), np.nan)
    for at, subset in enumerate(SUBSETS):
        normal, right = ridge * np.eye(dim), np.zeros(dim)
        for name in subset:
            r, j = near[name][0][rows[name]], near[name][1][rows[name]]
            normal, right = normal + j.T @ j / len(r), right - j.T @ r / len(r)
        w = np.linalg.solve(normal, right)
        for name in subset:
            r, j = far[name]
            table[at, NAMES.index(name)] = np.mean((r + j @ w) ** 2)
    return table


@pytest.mark.parametrize('ridge', [0.01, 0.5])
def test_squared_losses_have_a_closed_form(ridge):
    dataset, key = regression(300), jax.random.key(4)  # two batches of rows
    model = linear_model(dataset)
    params, state = variables_of(model, dataset)
    options = {'dim': 7, 'ridge': ridge, 'key': key}
    found = analysis.estimate_transfer(model, params, state, dataset, SUBSETS, **options)
    compiled = jax.jit(
        lambda params: analysis.estimate_transfer(model, params, state, dataset, SUBSETS, **options)
    )(params)
    np.testing.assert_allclose(found, compiled, rtol=1e-4)
    expected = expected_losses(params, dataset, 7, ridge, key)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_missing_labels_do_not_count():
    known = {name: np.arange(60) % (at + 2) == 0 for at, name in enumerate(NAMES)}
    whole, key = regression(), jax.random.key(0)
    labels = {
        name: np.where(known[name], y, np.inf) for name, y in whole.train.arrays.targets.items()
    }
    train = data.array_split(whole.train.arrays.inputs, labels, mask=known)
    dataset = Dataset(whole.tasks, train, whole.validation, whole.test)
    model = linear_model(dataset)
    params, state = variables_of(model, dataset)
    found = analysis.estimate_transfer(model, params, state, dataset, SUBSETS, dim=7)
    expected = expected_losses(params, whole, 7, 0.1, key, known)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_weights_and_ignored_labels():
    whole = regression()
    model = linear_model(whole)
    variables = variables_of(model, whole)
    keep = np.arange(60) < 40
    hidden = regression(mask=dict.fromkeys(NAMES, keep))
    expected = analysis.estimate_transfer(model, *variables, hidden, SUBSETS, dim=5)
    arrays = [split.arrays for split in (whole.train, whole.validation, whole.test)]
    weighted = [
        data.array_split(each.inputs, each.targets, weight=np.where(keep, 2.0, 0.0))
        for each in arrays
    ]
    dataset = Dataset(whole.tasks, *weighted)
    found = analysis.estimate_transfer(model, *variables, dataset, SUBSETS, dim=5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    task = Task(heads.linear(), optax.squared_error, ignore=-99.0)
    marked = [
        data.array_split(
            each.inputs, {name: np.where(keep, y, -99.0) for name, y in each.targets.items()}
        )
        for each in arrays
    ]
    dataset = Dataset(dict.fromkeys(NAMES, task), *marked)
    found = analysis.estimate_transfer(model, *variables, dataset, SUBSETS, dim=5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_task_without_labels_has_no_loss():
    dataset = regression(mask={'c': np.zeros(60, bool)})
    model = linear_model(dataset)
    found = analysis.estimate_transfer(
        model, *variables_of(model, dataset), dataset, SUBSETS, dim=5
    )
    assert np.isnan(found[:, 2]).all()
    np.testing.assert_allclose(found[4, 0], found[0, 0], rtol=1e-5)  # c pulls nowhere
    assert np.isfinite(found[5, :2]).all()


def test_a_loss_outside_of_the_subset_may_be_infinite():
    whole = regression()
    broken = Task(heads.linear(), lambda y, t: jnp.log(jnp.abs(y - t) * 0))
    tasks = {'a': whole.tasks['a'], 'b': whole.tasks['b'], 'c': broken}
    dataset = Dataset(tasks, whole.train, whole.validation, whole.test)
    model = linear_model(whole)
    variables = variables_of(model, whole)
    found, expected = (
        analysis.estimate_transfer(model, *variables, each, SUBSETS[3:4], dim=5)
        for each in (dataset, whole)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def readout():
    """A head without parameters: tasks agree or not in the shared parameters."""

    def apply(params, state, z, *, key=None, train=False):
        signs = jnp.where(jnp.arange(z.shape[-1]) % 2 == 0, 1.0, -1.0)
        return z @ signs, state

    return Module(lambda key, z: ({}, {}), apply)


def planted(groups, seed=0, sizes=(60, 500, 2)):
    rng = np.random.default_rng(seed)
    signs = np.where(np.array(groups) == 0, 1, -1)
    slopes = signs[:, None] * rng.normal(size=8) + 0.1 * rng.normal(size=(len(groups), 8))

    def split(count):
        x = rng.normal(size=(count, 8)).astype(np.float32)
        y = x @ slopes.T + rng.normal(size=(count, len(groups)))
        return data.array_split(x, {f't{at}': row.astype(np.float32) for at, row in enumerate(y.T)})

    task = Task(readout(), optax.squared_error)
    return Dataset({f't{at}': task for at in range(len(groups))}, *map(split, sizes))


def test_planted_groups_are_found():
    groups = [0, 1, 0, 0, 1, 1]
    dataset = planted(groups)
    model = sharing.hard(backbones.mlp((16,)), dataset.heads)
    subsets = [[name] for name in model.tasks]
    subsets += [list(pair) for pair in itertools.combinations(model.tasks, 2)]
    size = {'steps': 100, 'batch_size': 40, 'log_every': 100}
    best = training.train(model, dataset, optax.chain(surgery.sum(), optax.adam(0.01)), **size).best
    losses = analysis.estimate_transfer(model, best.params, best.state, dataset, subsets)
    affinity = analysis.transfer_affinity(losses, subsets, model.tasks)
    alike = np.equal.outer(groups, groups)
    others = ~np.eye(6, dtype=bool)
    assert affinity[alike & others].min() > affinity[~alike].max()
    assert affinity[~alike].max() < 0
    found = analysis.task_groups(affinity, model.tasks, max_groups=2)
    assert found == [['t0', 't2', 't3'], ['t1', 't4', 't5']]


def test_classes_and_several_numbers_are_fitted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4)).astype(np.float32)
    targets = {'a': (x[:, 0] > 0).astype(np.int32), 'b': x[:, :2], 'c': np.abs(x[:, 0])}
    split = data.array_split(x, targets)
    tasks = {
        'a': Task(heads.linear(3), optax.softmax_cross_entropy_with_integer_labels),
        'b': Task(heads.linear(2), optax.huber_loss),
        'c': Task(heads.linear(), lambda y, t: jnp.abs(y - t)),
    }
    dataset = Dataset(tasks, split, split, split)
    model = sharing.mmoe(backbones.mlp((8,)), dataset.heads, num_experts=2)
    params, state = variables_of(model, dataset)
    before = _subspace.linearised(model, params, state, x, NAMES, 1, jax.random.key(0)).start
    found = analysis.estimate_transfer(model, params, state, dataset, SUBSETS, dim=30, ridge=0.01)
    a, b, c = (
        float(tasks[name].loss(before[name], jnp.asarray(split.arrays.targets[name])).mean())
        for name in NAMES
    )
    assert (np.diagonal(found[:3]) < 0.95 * np.array([a, b, c])).all()  # on the fitted examples
    assert np.diagonal(found[:3]).tolist() <= np.nanmin(found[3:], axis=0).tolist()


def test_losses_that_are_not_quadratic_are_minimised():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 20)), rng.integers(2, size=200)

    def loss(w):
        logits = jnp.asarray(x, jnp.float32) @ w
        return optax.sigmoid_binary_cross_entropy(logits, jnp.asarray(y)).mean() + 0.001 * w @ w

    assert jnp.abs(jax.grad(loss)(jnp.zeros(20))).max() > 0.01
    found = jax.jit(lambda curvature: minimise(loss, curvature, 20))(
        jax.hessian(loss)(jnp.zeros(20))
    )
    assert jnp.abs(jax.grad(loss)(found)).max() < 1e-4

    def steep(w):  # infinite at the first step
        return jnp.where(w[0] > 0.5, jnp.nan, -w[0]) + 0.0 * w[1]

    assert np.isfinite(steep(minimise(steep, jnp.eye(2), 10)))


def test_what_is_refused():
    dataset = regression()
    model = linear_model(dataset)
    variables = variables_of(model, dataset)

    def estimate(subsets, model=model, **more):
        return analysis.estimate_transfer(model, *variables, dataset, subsets, **more)

    for subsets, said in (
        ([['a', 'd']], r"Found \['d'\]"),
        ([['a'], []], r'Found the subset \[\]'),
        ([], r'Found \[\]'),
        (['ab'], "Found the subset 'ab'"),
        ('ab', "Found 'ab'"),
    ):
        with pytest.raises(ValueError, match=said):
            estimate(subsets)
    with pytest.raises(ValueError, match='dim should be'):
        estimate(SUBSETS, dim=0)
    with pytest.raises(ValueError, match='ridge should be'):
        estimate(SUBSETS, ridge=0.0)
    alone = sharing.independent(backbones.mlp((4,)), dataset.heads)
    with pytest.raises(ValueError, match='should have shared parameters'):
        analysis.estimate_transfer(alone, *variables_of(alone, dataset), dataset, SUBSETS)
    fewer = Dataset({'a': dataset.tasks['a']}, dataset.train, dataset.validation, dataset.test)
    with pytest.raises(ValueError, match=r"Found no \['b', 'c'\]"):
        analysis.estimate_transfer(model, *variables, fewer, SUBSETS)


def test_affinities_of_losses():
    subsets = [['a'], ['b'], ['c'], ['a', 'b'], ['a', 'b', 'c']]
    nan = np.nan
    losses = [[2, nan, nan], [nan, 4, nan], [nan, nan, 0], [1, 6, nan], [3, 2, 1]]
    found = analysis.transfer_affinity(losses, subsets, NAMES)
    expected = [[nan, 0, nan], [0, nan, nan], [-0.5, 0.5, nan]]
    np.testing.assert_allclose(found, expected)
    without = analysis.transfer_affinity(losses[1:], subsets[1:], NAMES)
    assert np.isnan(without[:, 0]).all()
    with pytest.raises(ValueError, match=r'shape \[5, 2\]'):
        analysis.transfer_affinity(losses, subsets, 'ab')
