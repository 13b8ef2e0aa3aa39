"""What schemes keep beside parameters: batch statistics, loads of gates; dropout; added losses."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from mtljax import Batch, Module, heads, module, moves, sharing, surgery, training
from tests.helpers import assert_close, assert_same, regression, sampled, stand_in

X = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32) + 3
TASKS = {'z': regression(), 'b': regression()}
HEADS = {name: task.head for name, task in TASKS.items()}


class _Normed(linen.Module):
    @linen.compact
    def __call__(self, x, train=False):
        return linen.BatchNorm(use_running_average=not train, momentum=0.9)(x)


NORM = module.from_linen(_Normed())
DENSE = module.from_linen(linen.Dense(4))


def batch_of(inputs):
    y = np.arange(8.0, dtype=np.float32)
    return Batch(inputs, {'z': y, 'b': -y}, {name: np.ones(8, bool) for name in TASKS})


def one_step(model, inputs=X, **options):
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.01))
    step = training.train_step(model, TASKS, tx, **options)
    batch = batch_of(inputs)
    return jax.jit(lambda key: step.update(step.init(key, batch), batch))(jax.random.key(0))


def running_mean(state, *path):
    for name in path:
        state = state[name]
    return np.asarray(state['batch_stats']['BatchNorm_0']['mean'])


ONCE = 0.1 * X.mean(axis=0)


@pytest.mark.parametrize(
    ('build', 'path', 'options'),
    [
        (sharing.hard, ('shared', 'stage0'), {}),
        pytest.param(
            *(sharing.mtan, ('shared', 'stage0'), {'norm': False}), marks=pytest.mark.exhaustive
        ),
        (sharing.soft, ('shared', 'stage0'), {'parallel': [1]}),
    ],
)
def test_batch_statistics_move_once_a_step(build, path, options):
    state, _ = one_step(build((NORM, DENSE), HEADS, **options))
    np.testing.assert_allclose(running_mean(state.state, *path), ONCE, rtol=1e-5)


@pytest.mark.parametrize(
    ('build', 'path'),
    [
        (sharing.independent, ('task', 'towers', 'stage0')),
        pytest.param(
            *(sharing.cross_stitch, ('shared', 'towers', 'stage0')), marks=pytest.mark.exhaustive
        ),
        (sharing.mmoe, ('shared', 'experts', 'stage0')),
    ],
)
def test_copies_have_statistics_of_their_own(build, path):
    state, _ = one_step(build((NORM, DENSE), HEADS))
    for row in running_mean(state.state, *path):
        np.testing.assert_allclose(row, ONCE, rtol=1e-5)


def test_a_stage_that_every_task_passes_moves_a_share_with_each():
    """Two halves of a step, ``1 - (1 - 0.1 / 2)^2``; inputs of two tasks that average to X."""
    share = 1 - (1 - 0.1 / 2) ** 2
    late, _ = one_step(sharing.film((module.serial(), NORM), HEADS, after=[0]))
    actual = running_mean(late.state, 'shared', 'stage1')
    np.testing.assert_allclose(actual, share * X.mean(axis=0), rtol=1e-4)
    apart = {'z': X + 1, 'b': X - 1}
    own, _ = one_step(sharing.multi_input(sharing.hard((NORM, DENSE), HEADS)), apart)
    actual = running_mean(own.state, 'shared', 'stage0')
    np.testing.assert_allclose(actual, share * X.mean(axis=0), rtol=0.03)
    modulated = sharing.film((module.serial(), NORM), HEADS, after=[0])
    late, _ = one_step(sharing.multi_input(modulated), apart)
    actual = running_mean(late.state, 'shared', 'stage1')
    np.testing.assert_allclose(actual, share * X.mean(axis=0), rtol=0.03)


def test_frozen_stages_stay_the_same_arrays():
    model = sharing.adapters(module.freeze((DENSE, DENSE)), HEADS)
    params, before = model.init(jax.random.key(0), X)
    for train in (False, True):
        _, after = model.apply(params, before, X, train=train, key=jax.random.key(1))
        kept = jax.tree.map(lambda old, new: new is old, before['shared'], after['shared'])
        assert all(jax.tree.leaves(kept))


def test_states_keep_their_dtype_in_float64():
    with jax.enable_x64(True):
        for build in (sharing.mmoe, sharing.aitm, sharing.ple):
            model = build((DENSE,), HEADS)
            tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.1))
            step = training.train_step(model, TASKS, tx)
            batch = batch_of(X.astype(np.float64))
            start = jax.eval_shape(lambda k, s=step, b=batch: s.init(k, b), jax.random.key(0))
            after = jax.eval_shape(lambda s, u=step.update, b=batch: u(s, b)[0], start)
            assert jax.tree.map(lambda a: a.dtype, start) == jax.tree.map(lambda a: a.dtype, after)


def test_gate_dropout_may_be_mapped_over():
    def entropy(rate):
        model = sharing.mmoe((DENSE,), HEADS, num_experts=3, gate_dropout=rate)
        params, state = model.init(jax.random.key(0), X)
        _, state = model.apply(params, state, X, key=jax.random.key(1), train=True)
        return state['task']['gates']['z']['entropy']

    actual = jax.jit(jax.vmap(entropy))(jnp.array([0.0, 0.6]))
    assert actual[1] < actual[0]


def test_statistics_survive_a_checkpoint(tmp_path):
    model = sharing.mmoe((NORM, DENSE), HEADS, num_experts=2)
    state, _ = one_step(model)
    kept = training.Checkpoints(tmp_path)
    kept.save(1, state, {}, 0.0)
    blank = state._replace(state=jax.tree.map(jnp.zeros_like, state.state))
    actual, _ = kept.restore(blank)
    kept.close()
    assert_same(actual.state, state.state)
    assert running_mean(actual.state, 'shared', 'experts', 'stage0').any()


def test_trained_towers_bring_their_statistics():
    """With identity units the stitched towers predict what the towers did alone."""
    both = (NORM, DENSE)
    alone, stitched = sharing.independent(both, HEADS), sharing.cross_stitch(both, HEADS, own=1.0)
    trained, _ = one_step(alone)
    fresh = stitched.init(jax.random.key(1), X)
    actual = [
        moves.single_to_cross_stitch(old, new)
        for old, new in zip((trained.params, trained.state), fresh, strict=True)
    ]
    expected = alone.apply(trained.params, trained.state, X)[0]
    assert_close(stitched.apply(*actual, X)[0], expected)


def test_gates_report_load_and_entropy():
    state, _ = one_step(sharing.mmoe((DENSE,), HEADS, num_experts=3))
    for gate in state.state['task']['gates'].values():
        np.testing.assert_allclose(gate['load'].sum(), 1, rtol=1e-5)
        assert 0 < gate['entropy'] < np.log(3)
    settled = sharing.mmoe((DENSE,), HEADS, num_experts=3, gate=_constant([0.0, 100.0, 0.0]))
    gate = one_step(settled)[0].state['task']['gates']['z']
    np.testing.assert_allclose(gate['load'], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(gate['entropy'], 0, atol=1e-6)


def _constant(logits):
    def apply(params, state, x, *, key=None, train=False):
        return jnp.broadcast_to(jnp.asarray(logits), (len(x), len(logits))), state

    return Module(lambda key, x: ({}, {}), apply)


def test_gate_dropout_drops_whole_weights_and_scales_the_rest():
    from mtljax.sharing._gate import softmax_gate

    gate = softmax_gate(_constant([0.0, 1.0, 2.0, 3.0]), 4, dropout=0.5)
    x = jnp.ones((500, 4))
    plain, _ = gate.apply({}, {}, x)
    actual, _ = gate.apply({}, {}, x, key=jax.random.key(0), train=True)
    np.testing.assert_allclose(actual.sum(axis=1), 1, rtol=1e-5)
    dropped = np.asarray(actual == 0)
    assert 0.4 < dropped.mean() < 0.5  # one example in 16 would lose all, and keeps all
    ratio = np.where(dropped, np.nan, actual / plain)
    assert (np.nanmax(ratio, axis=1) - np.nanmin(ratio, axis=1) < 1e-5).all()
    with pytest.raises(ValueError, match='Gate dropout draws random numbers'):
        gate.apply({}, {}, x, train=True)


def test_the_entropy_of_selectors_is_part_of_the_loss():
    def losses(entropy, **options):
        model = sharing.dselect_k((DENSE,), HEADS, num_experts=4, entropy=entropy)
        params, losses_of = stand_in(model, TASKS, batch_of(X), **options)
        return jax.jit(losses_of)(params)

    plain, _ = losses(0.0)
    added, state = losses(0.5)
    penalties = [state['task']['gates'][name]['gate']['penalty'] for name in TASKS]
    np.testing.assert_allclose(added - plain, penalties, rtol=1e-3)
    assert min(penalties) > 0.5  # two selectors of two bits near one half: 2 log 4 halved
    sliced, _ = losses(0.5, micro_batches=2)
    np.testing.assert_allclose(sliced, added, rtol=1e-5)


class _Drop(linen.Module):
    @linen.compact
    def __call__(self, x, train=False):
        return linen.Dropout(0.5, deterministic=not train)(x)


WITH_DROPOUT = {
    'soft': {'parallel': [1]},
    'cross_stitch': {},
    'mmoe': {'gate_dropout': 0.3},
    'film': {},
    'ple': {},
    'mtan': {'norm': False},
}


@pytest.mark.parametrize('name', sampled(WITH_DROPOUT, ['mmoe', 'film']))
def test_one_task_draws_as_among_all(name):
    """Dropout masks of a task do not depend on which others are read out."""
    drop, key = module.from_linen(_Drop()), jax.random.key(5)
    model = getattr(sharing, name)((DENSE, drop), HEADS, **WITH_DROPOUT[name])

    @jax.jit
    def run(params, state):
        z, now = model.features(params, state, X, key=key, train=True)
        every, _ = model.readout(params, now, z, key=key, train=True)
        alone = {}
        for task in HEADS:
            rows, _ = model.readout(params, now, z, tasks=(task,), key=key, train=True)
            alone |= rows
        return every, alone

    every, alone = run(*model.init(jax.random.key(0), X))
    assert_close(alone, every)


def test_dropout_differs_between_copies_and_needs_a_key():
    drop = module.from_linen(_Drop())
    for build in (sharing.independent, sharing.cross_stitch, sharing.mmoe, sharing.film):
        model = build((drop,), {'z': heads.linear(4), 'b': heads.linear(4)})
        params, state = model.init(jax.random.key(0), X)
        with pytest.raises(ValueError, match='pass key'):
            jax.eval_shape(lambda m=model, p=params, s=state: m.apply(p, s, X, train=True))
    towers = module.stack(drop, 2)
    rows, _ = towers.apply({}, {}, X, key=jax.random.key(0), train=True)
    assert ((rows[0] == 0) != (rows[1] == 0)).any()
