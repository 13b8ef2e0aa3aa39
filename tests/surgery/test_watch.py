"""A watch changes nothing, and measures what its docstring says."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, data, gradients, sharing, surgery, training

PARAMS = {'stage0': {'w': jnp.zeros(4)}, 'experts': {'stage1': {'w': jnp.zeros((2, 3))}}}
STAGES = ('stage0', 'experts/stage1')
T = 3


def rows(seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.float32(rng.normal(size=(T, *leaf.shape))), PARAMS)


def flat(tree):
    return np.concatenate([np.reshape(leaf, (T, -1)) for leaf in jax.tree.leaves(tree)], axis=1)


def after(method, *trees, **extra):
    """The state after some steps."""
    state = method.init(PARAMS, num_tasks=T)
    for tree in trees:
        _, state = jax.jit(lambda rows, state: method.update(rows, state, PARAMS, **extra))(
            tree, state
        )
    return state


def oracle(matrix):
    matrix = matrix.astype(np.float64)
    norms = np.linalg.norm(matrix, axis=1)
    return norms, matrix @ matrix.T / np.outer(norms, norms)


def assert_angles(found, matrix):
    norms, cosines = oracle(matrix)
    np.testing.assert_allclose(found.norms, norms, rtol=1e-5)
    np.testing.assert_allclose(found.cosines, cosines, atol=1e-5)


def test_the_angles_are_those_of_numpy():
    tree = rows()
    seen = after(surgery.watch(surgery.mgda()), tree).inner
    assert tuple(sorted(seen.stages)) == tuple(sorted(STAGES))
    assert_angles(seen.whole, flat(tree))
    assert_angles(seen.stages['stage0'], flat(tree['stage0']))
    assert_angles(seen.stages['experts/stage1'], flat(tree['experts']))
    weights = np.asarray(seen.inner.task_weights)
    strength = np.linalg.norm(weights @ flat(tree)) / np.linalg.norm(flat(tree).sum(axis=0))
    np.testing.assert_allclose(seen.strength, strength, rtol=1e-5)


def test_stages_may_have_other_names():
    method = surgery.watch(surgery.mgda(), stages=lambda path: path[0])
    assert sorted(after(method).inner.stages) == ['e', 's']


@pytest.mark.parametrize('scale', [1e-25, 1e25])
def test_the_squares_of_norms_may_not_fit_float32(scale):
    tree = jax.tree.map(lambda leaf: leaf * jnp.float32(scale), rows())
    seen = after(surgery.watch(surgery.mgda()), tree).inner
    assert_angles(seen.whole, flat(rows()).astype(np.float64) * scale)
    assert np.isfinite(seen.strength)
    assert all(np.isnan(angles.cosines).all() for angles in seen.stages.values())


def test_what_has_no_meaning_is_nan():
    active = jnp.array([True, False, True])
    tree = jax.tree.map(lambda leaf: leaf.at[2].set(0).at[1].set(jnp.nan), rows())
    seen = after(surgery.watch(surgery.mgda()), tree, active=active).inner
    for angles in (seen.whole, *seen.stages.values()):
        assert np.isnan(angles.norms).tolist() == [False, True, False]
        assert np.isnan(angles.cosines).tolist() == [[False, True, True]] + 2 * [[True] * 3]
    assert np.isfinite(seen.strength)


def test_only_every_second_step_is_measured():
    method = surgery.watch(surgery.graddrop(), every=2)
    key = jax.random.key(0)
    first = after(method, rows(0), key=key).inner
    second = after(method, rows(0), rows(1), key=key).inner
    third = after(method, rows(0), rows(1), rows(2), key=key).inner
    assert [seen.step.item() for seen in (first, second, third)] == [0, 1, 0]
    chex.assert_trees_all_equal(second.whole, first.whole)
    assert_angles(third.whole, flat(rows(2)))


@pytest.mark.parametrize('every', [None, 3])
@pytest.mark.parametrize(
    'method', [surgery.pcgrad(), surgery.cagrad(), surgery.smooth(surgery.mgda(), 0.5)]
)
def test_a_watch_changes_nothing(method, every):
    every = every if method.traits.rule else 2
    watched = surgery.watch(method, every)
    plain, seen = method.init(PARAMS, num_tasks=T), watched.init(PARAMS, num_tasks=T)
    for seed in range(4):
        key = jax.random.key(seed)
        right, plain = jax.jit(method.update)(rows(seed), plain, key=key)
        found, seen = jax.jit(watched.update)(rows(seed), seen, key=key)
        chex.assert_trees_all_close(found, right, rtol=1e-6)
        chex.assert_trees_all_equal_structs(seen.inner.inner, plain)
    np.testing.assert_allclose(seen.task_weights, plain.task_weights, rtol=1e-6)


def step_of(method, engine='batched', tasks=2):
    digits = data.digits(train=64, validation=8, test=8)
    heads = {f'{name}{at}': head for at in range(tasks // 2) for name, head in digits.heads.items()}
    of = {name: digits.tasks[name.rstrip('0123456789')] for name in heads}
    model = sharing.hard(backbones.mlp((64, 64, 64)), heads)
    batch = digits.train.take(slice(0, 32))
    targets = {name: batch.targets[name.rstrip('0123456789')] for name in heads}
    mask = {name: batch.mask[name.rstrip('0123456789')] for name in heads}
    batch = batch._replace(targets=targets, mask=mask)
    tx = optax.chain(surgery.on_shared(method), optax.sgd(0.1))
    step = training.train_step(model, of, tx, engine=engine)
    return step, step.init(jax.random.key(0), batch), batch


@pytest.mark.parametrize('engine', ['batched', 'loop', 'lean', 'representation'])
def test_every_engine_can_be_watched(engine):
    step, state, batch = step_of(surgery.watch(surgery.pcgrad()), engine)
    _, info = jax.jit(step.update)(state, batch)
    found = {name: float(value) for name, value in info['conflict'].items()}
    stored = engine in ('batched', 'loop')
    assert np.isfinite(found['cosine/all'])
    assert np.isfinite(found['cosine/stage1']) == stored


def test_a_watch_is_cheap():
    def flops(method):
        step, state, batch = step_of(method, tasks=8)
        return jax.jit(step.update).lower(state, batch).compile().cost_analysis()['flops']

    assert flops(surgery.watch(surgery.pcgrad())) < 1.05 * flops(surgery.pcgrad())


def test_a_watch_does_not_call_the_host():
    step, state, batch = step_of(surgery.watch(surgery.pcgrad()))
    assert 'callback' not in str(jax.make_jaxpr(step.update)(state, batch))


def test_what_a_watch_refuses():
    with pytest.raises(ValueError, match='Pass every=10'):
        surgery.watch(surgery.graddrop())
    with pytest.raises(ValueError, match='every should be'):
        surgery.watch(surgery.pcgrad(), every=0)
    with pytest.raises(ValueError, match='on_shared goes around watch'):
        surgery.watch(surgery.on_shared(surgery.pcgrad()))
    with pytest.raises(ValueError, match='num_tasks'):
        surgery.watch(surgery.pcgrad()).init(PARAMS)


def test_a_jacobian_that_was_seen_can_be_scaled():
    stacked = gradients.as_jacobian(rows())
    seen = surgery._angles.Seen(stacked, *stacked.normalised())
    factors = jnp.array([-2.0, 0.5, 3.0])
    chex.assert_trees_all_close(
        seen.scale(factors).gramian(), stacked.scale(factors).gramian(), rtol=1e-5
    )
