"""Wrappers around surgeries do what their names say."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import gradients, surgery
from tests.helpers import assert_close

RNG = np.random.default_rng(0)
PARAMS = {'a': jnp.zeros(4), 'b': {'w': jnp.zeros((2, 3)), 'v': jnp.zeros(3)}}
T = 3


def rows(seed=0, tasks=T):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(size=(tasks, *leaf.shape)), jnp.float32), PARAMS
    )


def steps(method, trees, **extra):
    """The updates and states of several steps."""
    state, found = method.init(PARAMS, num_tasks=T), []
    update = jax.jit(lambda rows, state: method.update(rows, state, PARAMS, **extra))
    for tree in trees:
        updates, state = update(tree, state)
        found.append((updates, state))
    return found


def times(factor, tree):
    return jax.tree.map(lambda leaf: factor * leaf, tree)


def combined(weights, tree):
    return jax.tree.map(lambda leaf: jnp.tensordot(weights, leaf, 1), tree)


@pytest.mark.parametrize(
    ('method', 'to', 'factor'),
    [
        (surgery.pcgrad(shuffle=False), 'mean', 1 / 2),
        (surgery.pcgrad(shuffle=False), 'sum', 1),
        (surgery.upgrad(), 'sum', 2),
        (surgery.cagrad(), 'mean', 1),
    ],
)
def test_rescale_counts_active_tasks(method, to, factor):
    active = jnp.array([True, False, True])
    plain, state = steps(method, [rows()], active=active)[0]
    found, scaled = steps(surgery.rescale(method, to), [rows()], active=active)[0]
    assert_close(found, times(factor, plain))
    np.testing.assert_allclose(scaled.task_weights, factor * state.task_weights, rtol=1e-6)


@pytest.mark.parametrize(('to', 'total'), [('mean', 1), ('sum', 3)])
def test_rescale_gives_nash_weights_a_sum(to, total):
    found, state = steps(surgery.rescale(surgery.nash_mtl(), to), [rows()])[0]
    np.testing.assert_allclose(state.task_weights.sum(), total, rtol=1e-5)
    assert_close(found, combined(state.task_weights, rows()))


def test_smooth_is_the_running_mean_of_the_weights():
    plain = [state.task_weights for _, state in steps(surgery.mgda(), [rows(s) for s in range(3)])]
    expected = plain[0]
    for index, (updates, state) in enumerate(
        steps(surgery.smooth(surgery.mgda(), 0.7), [rows(s) for s in range(3)])
    ):
        expected = expected if not index else 0.7 * expected + 0.3 * plain[index]
        np.testing.assert_allclose(state.task_weights, expected, rtol=1e-5)
        assert_close(updates, combined(expected, rows(index)))


def test_smooth_stands_still_for_inactive_tasks():
    method = surgery.smooth(surgery.mgda(), 0.5)
    _, state = method.update(rows(), method.init(PARAMS, num_tasks=T), PARAMS)
    before = state.task_weights
    active = jnp.array([True, False, True])
    updates, state = method.update(rows(1), state, PARAMS, active=active)
    assert state.task_weights[1] == before[1]
    assert_close(updates, combined(jnp.where(active, state.task_weights, 0), rows(1)))


def test_every_reuses_weights_for_k_steps():
    trees = [rows(s) for s in range(5)]
    plain = [state.task_weights for _, state in steps(surgery.mgda(), trees)]
    found = steps(surgery.every(surgery.mgda(), 3), trees)
    for index, (updates, state) in enumerate(found):
        expected = plain[index - index % 3]
        np.testing.assert_allclose(state.task_weights, expected, rtol=1e-5)
        assert_close(updates, combined(expected, trees[index]))


def test_every_saves_the_pullbacks_in_between():
    method, pulled = surgery.every(surgery.mgda(), 2), []

    class Counted:
        num_tasks = T

        def realise(self):
            pulled.append('rows')
            return gradients.as_jacobian(rows())

        def combine(self, weights=None):
            pulled.append('one')
            return gradients.as_jacobian(rows()).combine(weights)

        def gramian(self):
            raise AssertionError

        normalised = scale = stacked = gramian

    method.update(Counted(), method.init(PARAMS, num_tasks=T), PARAMS)
    assert pulled == ['rows', 'one']  # one branch each


def test_groups_are_solved_as_if_there_were_no_others():
    method = surgery.imtl_g()
    by_group = steps(surgery.per_group(method, lambda path: path.split('/')[0]), [rows()])[0][0]
    by_leaf = steps(surgery.per_leaf(method), [rows()])[0][0]
    for key in ('a', 'b'):
        alone = method.update(rows()[key], method.init(PARAMS[key]), PARAMS[key])[0]
        assert_close(by_group[key], alone)
    alone = method.update(rows()['b']['w'], method.init(PARAMS['b']['w']))[0]
    assert_close(by_leaf['b']['w'], alone)
    labels = {'a': 0, 'b': {'w': 0, 'v': 1}}
    by_tree = steps(surgery.per_group(method, labels), [rows()])[0][0]
    assert_close(by_tree['b']['v'], by_leaf['b']['v'])


def test_groups_keep_states_of_their_own():
    method = surgery.per_group(surgery.gradvac(shuffle=False), lambda path: path.split('/')[0])
    trees = [rows(s) for s in range(3)]
    found = steps(method, trees)
    alone = surgery.gradvac(shuffle=False, num_tasks=T)
    state = alone.init(PARAMS['b'])
    for tree, (updates, _) in zip(trees, found, strict=True):
        expected, state = alone.update(tree['b'], state, PARAMS['b'])
        assert_close(updates['b'], expected, rtol=1e-4, atol=1e-5)


def test_preference_scales_the_gradients():
    wish = np.array([0.2, 3.0, 1.0], np.float32)
    weighted = jax.tree.map(
        lambda leaf: leaf * wish.reshape((-1,) + (1,) * (leaf.ndim - 1)), rows()
    )
    for method in (surgery.upgrad(), surgery.pcgrad(shuffle=False), surgery.sum()):
        found, state = steps(surgery.with_preference(method, wish), [rows()])[0]
        assert_close(found, steps(method, [weighted])[0][0])
        assert_close(found, combined(state.task_weights, rows()))


def test_wrapped_weights_reach_the_heads():
    params = {'shared': jnp.zeros(4), 'task': {'heads': {'b': jnp.zeros(1), 'a': jnp.zeros(1)}}}
    both = jax.tree.map(
        lambda leaf: jnp.asarray(RNG.normal(size=(2, *leaf.shape)), jnp.float32), params
    )
    method = surgery.smooth(surgery.rescale(surgery.nash_mtl(), 'sum'), 0.5)
    tx = surgery.on_shared(method)
    updates, state = tx.update(both, tx.init(params), params)
    np.testing.assert_allclose(state.task_weights.sum(), 2, rtol=1e-5)
    assert_close(updates, combined(state.task_weights, both))


@pytest.mark.parametrize(
    ('make', 'match'),
    [
        (lambda: surgery.rescale(surgery.mgda(), 'max'), "'sum' or 'mean'"),
        (lambda: surgery.smooth(surgery.graddrop()), 'smooth needs'),
        (lambda: surgery.every(surgery.trimmed_mean(), 2), 'every needs'),
        (lambda: surgery.every(surgery.mgda(), 0), 'k should be'),
        (lambda: surgery.every(surgery.mgda(), 2.5), 'k should be a whole number'),
        (lambda: surgery.rescale(surgery.mgda, 'sum'), 'rescale needs a surgery'),
        (
            lambda: surgery.rescale(surgery.on_shared(surgery.mgda()), 'sum'),
            'on_shared goes around',
        ),
        (lambda: surgery.rescale(surgery.per_leaf(surgery.nash_mtl()), 'sum'), 'which has none'),
        (lambda: surgery.gradnorm(optimizer=0.1), 'optimizer should be'),
        (lambda: surgery.krum(0, selected=1.5), 'selected should be a whole number'),
        (lambda: surgery.smooth(surgery.mgda(), 1.0), 'decay should be'),
        (lambda: surgery.per_leaf(surgery.graddrop()), 'only the Gramian'),
        (lambda: surgery.per_leaf(surgery.mgda), 'only the Gramian'),
        (lambda: surgery.with_preference(surgery.mgda(), [1, -1]), 'preference should be'),
        (lambda: surgery.every(surgery.mgda(), 2).init(PARAMS), 'num_tasks=T'),
        (lambda: surgery.cagrad(c=1.0), r'c should be in \[0, 1\)'),
        (lambda: surgery.cagrad(rescale='c'), 'rescale should be'),
        (lambda: surgery.mgda(normalise='l3'), 'normalise should be'),
        (lambda: surgery.nash_mtl(max_norm=0), 'max_norm should be'),
        (lambda: surgery.fairgrad(0.0), 'alpha should be'),
        (lambda: surgery.graddrop(leak=2), 'leak should be'),
        (lambda: surgery.aligned_mtl(scale='max'), 'scale should be'),
        (lambda: surgery.metabalance(which='none'), 'which should be'),
        (lambda: surgery.metabalance(target=3).init(PARAMS, num_tasks=3), 'target should be'),
        (lambda: surgery.krum(-1), 'byzantine should be'),
        (lambda: surgery.trimmed_mean(-1), 'trim should be'),
        (lambda: surgery.moco(beta=0), 'beta should be'),
        (lambda: surgery.excess_mtl(baseline_steps=0), 'baseline_steps should be'),
        (lambda: surgery.gradnorm().init(PARAMS), 'num_tasks=T'),
    ],
)
@pytest.mark.usefixtures('unchecked')
def test_what_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize(
    'method', [surgery.gradnorm(), surgery.db_mtl(), surgery.mgda(normalise='loss')]
)
def test_losses_are_asked_for(method):
    with pytest.raises(ValueError, match=r'losses=\[T\]'):
        method.update(rows(), method.init(PARAMS, num_tasks=T), PARAMS)


def test_hyper_parameters_can_be_mapped():
    def update(c, alpha):
        found = [surgery.cagrad(c=c), surgery.fairgrad(alpha)]
        return [method.update(rows(), method.init(PARAMS), PARAMS)[0] for method in found]

    radii, alphas = jnp.array([0.1, 0.6]), jnp.array([1.0, 2.0])
    together = jax.jit(jax.vmap(update))(radii, alphas)
    compiled = jax.jit(update)
    for index in range(2):
        alone = compiled(radii[index], alphas[index])
        assert_close(jax.tree.map(lambda leaf, i=index: leaf[i], together), alone, rtol=1e-4)


def test_the_residual_is_in_the_state():
    tx = optax.chain(surgery.cagrad(), optax.adam(1e-3))
    _, state = tx.update(rows(), tx.init(PARAMS), PARAMS)
    residual = optax.tree.get(state, 'residual')
    assert 0 <= residual < 1e-10


def test_wrappers_stand_alone_in_a_chain():
    tx = optax.chain(surgery.smooth(surgery.mgda(), num_tasks=T), optax.sgd(0.1))
    updates, _ = tx.update(rows(), tx.init(PARAMS), PARAMS)
    assert_close(updates, times(-0.1, steps(surgery.mgda(), [rows()])[0][0]))
    tx = surgery.on_shared(surgery.gradnorm(num_tasks=T), labels=lambda path: 'shared')
    assert tx.init(PARAMS).inner.logits.shape == (T,)
