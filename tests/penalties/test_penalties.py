"""Penalties: their values and their gradients."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import penalties
from mtljax.penalties._nuclear_norm import nuclear_norm
from tests.helpers import assert_close, assert_same
from tests.penalties import oracles as oracles

FACTORIES = {
    'l2': penalties.l2,
    'frobenius': penalties.frobenius,
    'last': penalties.trace_norm,
    'tucker': functools.partial(penalties.trace_norm, form='tucker'),
    'tensor_train': functools.partial(penalties.trace_norm, form='tensor_train'),
    'orthogonality': penalties.orthogonality,
    'three subspaces': functools.partial(penalties.orthogonality, subspaces=3),
    'tensor_normal': functools.partial(penalties.tensor_normal, every=1, ridge=0.1),
}
STRENGTHS = {'stage2': 0.5, 'stage10': 2.0}
RNG = np.random.default_rng(0)
STAGES = {
    'stage2': {'Dense_0': {'kernel': RNG.normal(size=(4, 3, 6)), 'bias': RNG.normal(size=(4, 6))}},
    'stage10': {'Conv_0': {'kernel': RNG.normal(size=(4, 2, 1, 2, 6)), 'scale': np.ones((4, 6))}},
}
KERNELS = {
    'stage2': STAGES['stage2']['Dense_0']['kernel'],
    'stage10': STAGES['stage10']['Conv_0']['kernel'],
}
PATHS = {'stage2': 'stage2/Dense_0/kernel', 'stage10': 'stage10/Conv_0/kernel'}


def in_tree(towers):
    """Parameters of which the towers are one part, and other shapes the rest."""
    return {'shared': {'w': jnp.ones(3)}, 'task': {'towers': towers, 'heads': {'a': jnp.ones(2)}}}


def spread(size):
    factor = RNG.normal(size=(size, size)) / size**0.5
    return factor @ factor.T + 0.5 * np.eye(size)


SPREADS = {
    PATHS[stage]: [spread(w[0].size // 6), spread(6), spread(4)] for stage, w in KERNELS.items()
}


def oracle_of(name, w, path):
    if name in ('last', 'tucker', 'tensor_train'):
        return oracles.trace_norm(w, name)
    if name in ('orthogonality', 'three subspaces'):
        return oracles.orthogonality(w, 3 if name == 'three subspaces' else 2)
    if name == 'tensor_normal':
        return oracles.tensor_normal(w, *SPREADS[path], 0.1, 0.01)
    return getattr(oracles, name)(w)


@pytest.fixture(scope='module')
def found():
    """Values, gradients, and a step of every penalty on one tree in float64: one program."""

    @jax.jit
    def run(towers, spreads):
        out, params = {}, in_tree(towers)
        updates = jax.tree.map(jnp.ones_like, params)
        by_mode = [{path: each[k] for path, each in spreads.items()} for k in range(3)]
        for name, factory in FACTORIES.items():
            penalty = factory(STRENGTHS)
            state = penalty.init(params)
            if name == 'tensor_normal':
                state = penalties.TensorNormalState(state.count, *by_mode)
            value, slope = jax.value_and_grad(penalty.value)(towers, state)
            out[name] = value, slope, penalty.update(updates, state, params)
        return out

    with jax.enable_x64(True):
        return jax.device_get(run(STAGES, SPREADS))


@pytest.mark.parametrize('name', FACTORIES)
def test_values_are_those_of_the_oracle(found, name):
    expected = sum(STRENGTHS[s] * oracle_of(name, w, PATHS[s]) for s, w in KERNELS.items())
    assert found[name][0].dtype == np.float64
    np.testing.assert_allclose(found[name][0], expected, rtol=1e-10)


@pytest.mark.parametrize('name', FACTORIES)
def test_gradients_are_finite_differences_of_the_oracle(found, name):
    slope = {'stage2': found[name][1]['stage2']['Dense_0'], 'stage10': found[name][1]['stage10']}
    slope = {'stage2': slope['stage2']['kernel'], 'stage10': slope['stage10']['Conv_0']['kernel']}
    for stage, w in KERNELS.items():
        for _ in range(3):
            direction = RNG.normal(size=w.shape)
            ends = [oracle_of(name, w + h * direction, PATHS[stage]) for h in (1e-6, -1e-6)]
            expected = STRENGTHS[stage] * (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(np.sum(slope[stage] * direction), expected, rtol=1e-5)


@pytest.mark.parametrize('name', FACTORIES)
def test_update_adds_the_gradient_to_the_towers_weights(found, name):
    _, slope, (updates, _) = found[name]
    assert_close(updates['task']['towers'], jax.tree.map(lambda g: 1 + g, slope), rtol=1e-12)
    assert not slope['stage2']['Dense_0']['bias'].any()
    assert_same(updates['shared'], {'w': np.ones(3)})
    assert_same(updates['task']['heads'], {'a': np.ones(2)})


def test_covariances_are_those_of_the_oracle(found):
    state = found['tensor_normal'][2][1]
    assert state.count == 1
    for stage, w in KERNELS.items():
        expected = oracles.flip_flop(w, *SPREADS[PATHS[stage]], 0.1)
        for own, matrix in zip(state[1:], expected, strict=True):
            np.testing.assert_allclose(own[PATHS[stage]], matrix, rtol=1e-9, atol=1e-12)


def test_known_answers():
    last = np.sin(np.arange(24)).reshape(4, 3, 2)
    forms = [penalties.trace_norm(1.0, form) for form in ('last', 'tucker', 'tensor_train')]
    every = [*forms, penalties.l2(1.0), penalties.frobenius(1.0)]
    with jax.enable_x64(True):
        weights = jnp.asarray(np.moveaxis(last, -1, 0))
        values = jax.jit(lambda w: jnp.stack([p.value(w) for p in every]))(weights)
        slope = jax.jit(jax.grad(forms[0].value))(weights)
    expected = [4.666487, 13.732628, 4.328467 + 4.666487, 5.760313, 2.400065]
    np.testing.assert_allclose(values, expected, atol=1.5e-6)
    rows = np.moveaxis(np.asarray(slope), 0, -1).reshape(12, 2)[:2]
    np.testing.assert_allclose(rows, [[-0.106675, 0.377512], [0.417516, -0.051963]], atol=1e-6)


def plain(strength=1.0):
    """Every penalty on a tree that is the subtree itself."""
    return {name: factory(strength, where=None) for name, factory in FACTORIES.items()}


@jax.jit
def steps(params):
    out = {}
    for name, penalty in plain().items():
        zeros = jax.tree.map(jnp.zeros_like, params)
        out[name] = penalty.value(params), penalty.update(zeros, penalty.init(params), params)
    return out


@pytest.mark.parametrize('tasks', [1, 50])
def test_equal_copies_and_zero_have_finite_gradients(tasks):
    copy = np.random.default_rng(tasks).normal(size=(1, 3, 6)).astype(np.float32)
    for weights in (np.repeat(copy, tasks, axis=0), np.zeros((tasks, 3, 6), np.float32)):
        results = jax.device_get(steps({'w': weights}))
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(results))
        for name in ('l2', 'frobenius'):
            value, (updates, _) = results[name]
            assert value == 0
            assert not updates['w'].any()
        length = np.linalg.norm(weights)
        slope = results['last'][1][0]['w']
        expected = weights / length if length else weights
        np.testing.assert_allclose(slope, expected, atol=1e-5)
        np.testing.assert_allclose(results['last'][0], length, rtol=1e-5)


def test_half_precision_keeps_its_dtype():
    exact = KERNELS['stage2'].astype(jnp.bfloat16)
    half = jax.device_get(steps({'w': exact}))
    whole = jax.device_get(steps({'w': exact.astype(np.float32)}))
    for name in FACTORIES:
        assert half[name][0].dtype == np.float32
        np.testing.assert_allclose(half[name][0], whole[name][0], rtol=1e-6)
        found, expected = half[name][1][0]['w'], whole[name][1][0]['w']
        assert found.dtype == jnp.bfloat16
        np.testing.assert_array_equal(found, expected.astype(jnp.bfloat16))


def test_the_nuclear_norm_of_repeated_singular_values():
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0].astype(np.float32)
    batch = jnp.stack([turned[:, :3], 2 * turned[:, :3], 0 * turned[:, :3]])

    @jax.jit
    def run(batch):
        along = jax.jvp(jax.vmap(nuclear_norm), (batch,), (batch,))
        return *along, jax.vmap(jax.grad(nuclear_norm))(batch)

    values, tangents, slopes = run(batch)
    np.testing.assert_allclose(values, [3, 6, 0], atol=1e-5)
    np.testing.assert_allclose(tangents, values, atol=1e-5)
    np.testing.assert_allclose(slopes, [turned[:, :3], turned[:, :3], 0 * slopes[0]], atol=1e-5)


@pytest.mark.parametrize(
    ('name', 'most'), [('frobenius', 8), ('l2', 4), ('last', 8)], ids=lambda value: str(value)
)
def test_memory_is_a_few_copies_of_the_towers(name, most):
    penalty = plain()[name]
    params = jax.ShapeDtypeStruct((50, 400, 8), jnp.float32)

    def run(params):
        return penalty.value(params), penalty.update(params, optax.EmptyState(), params)[0]

    analysis = jax.jit(run).lower(params).compile().memory_analysis()
    assert analysis.temp_size_in_bytes < most * 50 * 400 * 8 * 4


@pytest.fixture(scope='module')
def strengths():
    """The updates of every penalty at strengths mapped over, with one copy that is not finite."""
    weights = jnp.asarray(KERNELS['stage2'], jnp.float32)
    broken = {'stage2': weights.at[1].set(jnp.nan), 'stage10': 2 * weights}

    def run(strength, params):
        updates = jax.tree.map(jnp.ones_like, params)
        each = plain(strength).items()
        return {n: p.update(updates, p.init(params), params)[0] for n, p in each}

    fine = {'stage2': weights, 'stage10': 2 * weights}
    mapped = jax.jit(jax.vmap(run, in_axes=(0, None)))
    values = jnp.array([[0.0, 0.0], [2.0, 0.0], [4.0, 1.0]])
    return SimpleNamespace(fine=mapped(values, fine), broken=mapped(values, broken))


@pytest.mark.parametrize('name', FACTORIES)
def test_strength_is_mapped_over_and_goes_by_stage(strengths, name):
    fine = strengths.fine[name]
    assert_same(jax.tree.map(lambda u: u[0], fine), jax.tree.map(lambda u: u[0] * 0 + 1, fine))
    np.testing.assert_array_equal(fine['stage10'][1], 1)  # in the order of the stages, 2 before 10
    first, second = fine['stage2'][1] - 1, fine['stage2'][2] - 1
    assert np.abs(first).max() > 0.01
    np.testing.assert_allclose(second, 2 * first, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('name', FACTORIES)
def test_strength_0_is_no_penalty_whatever_the_weights(strengths, name):
    for leaf in jax.tree.leaves(strengths.broken[name]):
        np.testing.assert_array_equal(leaf[0], 1)
    assert np.isfinite(strengths.broken[name]['stage10']).all()


def test_forms_of_strength_agree():
    params = in_tree(STAGES)
    forms = ({'stage10': 2.0}, [0.0, 2.0], np.array([0.0, 2.0]), {'stage2': 0, 'stage10': 2})
    values = jax.jit(lambda tree: [penalties.l2(form).value(tree) for form in forms])(STAGES)
    assert len({float(value) for value in values}) == 1
    np.testing.assert_allclose(values[0], 2 * oracles.l2(KERNELS['stage10']), rtol=1e-5)
    only = penalties.tensor_normal({'stage10': 2.0}).init(params)
    assert list(only.task_covariance) == [PATHS['stage10']]


def test_leaves_are_chosen_by_path():
    bias = STAGES['stage2']['Dense_0']['bias']
    for leaves in (['stage2/Dense_0/bias'], lambda path: path.endswith('bias')):
        value = penalties.l2(1.0, leaves=leaves).value(STAGES)
        np.testing.assert_allclose(value, oracles.l2(bias), rtol=1e-5)


def test_copies_of_one_number_are_layers_too():
    numbers = np.array([1.0, 4.0, 5.0], np.float32)
    names = ('l2', 'frobenius', 'last')
    penalty_of = {name: FACTORIES[name](1.0, where=None, leaves=['w']) for name in names}

    @jax.jit
    def run(params):
        updates = jax.tree.map(jnp.zeros_like, params)
        step = {n: p.update(updates, p.init(params), params)[0] for n, p in penalty_of.items()}
        return {n: jax.value_and_grad(p.value)(params) for n, p in penalty_of.items()}, step

    values, updates = run({'w': numbers})
    for name, (value, slope) in values.items():
        np.testing.assert_allclose(value, oracle_of(name, numbers[:, None], ''), rtol=1e-5)
        assert_close(updates[name], slope)


@pytest.mark.parametrize('size', [1e-25, 1e25])
def test_distances_whose_squares_leave_float32(size):
    rows = jnp.array([[3.0, 0.0], [0.0, 4.0], [0.0, 4.0]], jnp.float32)
    found, slope = jax.jit(jax.value_and_grad(penalties.frobenius(1.0, where=None).value))(
        {'stage0': {'kernel': size * rows[:, None]}}
    )
    np.testing.assert_allclose(found / size, 10.0, rtol=1e-6)
    expected = [[1.2, -1.6], [-0.6, 0.8], [-0.6, 0.8]]
    np.testing.assert_allclose(slope['stage0']['kernel'][:, 0], expected, rtol=1e-6)


def test_biases_and_holes_are_no_weights():
    kernel = jnp.array([[[1.0]], [[3.0]]])
    attention = {'query': {'kernel': kernel, 'bias': 100 * kernel}, 'frozen': optax.MaskedNode()}
    found = penalties.l2(1.0, where=None).value({'stage0': attention, 'stage1': ()})
    np.testing.assert_allclose(
        found, penalties.l2(1.0, where=None).value({'stage0': {'kernel': kernel}})
    )
