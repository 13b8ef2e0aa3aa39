"""One training step."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import Weighting, sharing, surgery, training, weighting
from tests.helpers import (
    NAMES,
    assert_close,
    assert_same,
    avals,
    sampled,
    small_batch,
    small_model,
    small_tasks,
    stand_in,
)

KEY = jax.random.key(0)
NONE = {'b': np.zeros(8, bool)}


def chain(method=None, optimiser=None):
    return optax.chain(
        surgery.on_shared(method or surgery.sum()), optimiser or optax.sgd(0.1, momentum=0.9)
    )


def step_of(tx=None, tasks=None, model=None, **options):
    tasks = small_tasks() if tasks is None else tasks
    model = small_model(tasks=tasks) if model is None else model
    return training.train_step(model, tasks, chain() if tx is None else tx, **options)


def run(batch, **options):
    step = step_of(**options)
    start = step.init(KEY, batch)
    return start, *jax.jit(step.update)(start, batch)


@pytest.fixture(scope='module')
def plain():
    """A step with pcgrad on a whole batch: where it starts, the step, and where it ends."""
    step, batch = step_of(chain(surgery.pcgrad())), small_batch()
    start = step.init(KEY, batch)
    update = jax.jit(step.update)
    return start, step, update, update(start, batch)


@pytest.mark.parametrize('names', [NAMES, ('a',)], ids=['all', 'one task'])
def test_a_sum_is_a_step_of_optax(names):
    tasks, batch = {name: small_tasks()[name] for name in names}, small_batch()
    start, after, info = run(batch, tasks=tasks)
    _, cut = stand_in(small_model(tasks=tasks), tasks, batch)
    tx = optax.sgd(0.1, momentum=0.9)

    @jax.jit
    def expected(params):
        losses, gradient = cut(params)[0], jax.grad(lambda p: cut(p)[0].sum())(params)
        updates, _ = tx.update(gradient, tx.init(params), params)
        return losses, optax.apply_updates(params, updates)

    losses, params = expected(start.params)
    assert_close(after.params, params)
    np.testing.assert_allclose([info['loss'][name] for name in names], losses, rtol=1e-6)
    assert after.step == 1
    assert all(info['active'][name] and info['weight'][name] == 1 for name in names)


@pytest.mark.parametrize('method', [surgery.sum(), surgery.pcgrad()], ids=['sum', 'pcgrad'])
@pytest.mark.parametrize('scheme', sampled([sharing.hard, sharing.independent], [sharing.hard]))
def test_a_task_without_a_label(method, scheme):
    """The other tasks train as if it did not exist."""
    others = {name: task for name, task in small_tasks().items() if name != 'b'}
    batch, tx = small_batch(labels=NONE), chain(method)
    batch = batch._replace(targets=batch.targets | {'b': np.full(8, np.nan, np.float32)})
    start, after, info = run(batch, tx=tx, model=small_model(scheme))
    assert (info['loss']['b'], bool(info['active']['b'])) == (0, False)
    before, now = (s.params['task']['heads'] for s in (start, after))
    assert_same(now['b'], before['b'])
    if scheme is sharing.hard:
        step = step_of(tx, others)
        own = {name: before[name] for name in others}
        params = {'shared': start.params['shared'], 'task': {'heads': own}}
        alone = step.init(KEY, batch)._replace(params=params, key=start.key)
        without, _ = jax.jit(step.update)(alone, batch)
        assert_close(after.params['shared'], without.params['shared'])
        assert_close({name: now[name] for name in others}, without.params['task']['heads'])
    else:
        for old, new in zip(*map(jax.tree.leaves, _towers(start, after)), strict=True):
            moved = (old != new).reshape(3, -1).any(1)
            assert moved.tolist() == [True, False, True]


def _towers(*states):
    return [state.params['task']['towers'] for state in states]


def test_unlabelled_rows_are_as_if_they_did_not_exist():
    mask = np.arange(8) % 2 == 0
    batch = small_batch(labels=dict.fromkeys(NAMES, mask))
    targets = {name: np.array(target) for name, target in batch.targets.items()}
    targets['b'][~mask] = targets['a'][~mask] = np.nan
    _, masked, _ = run(batch._replace(targets=targets))
    _, kept, _ = run(jax.tree.map(lambda leaf: leaf[mask], batch))
    assert_close(masked.params, kept.params)


@pytest.mark.parametrize('name', sampled(['sum', 'pcgrad'], ['pcgrad']))
def test_micro_batches_are_the_whole_batch(name):
    batch, method = small_batch(labels={'b': np.arange(8) < 3}), getattr(surgery, name)()
    whole, parts = (run(batch, tx=chain(method), micro_batches=n) for n in (1, 4))
    assert_close(parts[1].params, whole[1].params)
    assert_close(parts[2]['loss'], whole[2]['loss'])


def test_weights_enter_before_the_surgery():
    """A step with weights is a step on the weighted losses."""
    weights = {'wide': 0.5, 'b': 3.0, 'a': 1.0}
    method = surgery.cagrad(c=0.4)

    def scaled(name, task):
        return dataclasses.replace(task, loss=lambda p, t: weights[name] * task.loss(p, t))

    tasks = {name: scaled(name, task) for name, task in small_tasks().items()}
    by_loss = run(small_batch(), tx=chain(method), tasks=tasks)
    by_weight = run(
        small_batch(), tx=chain(method), weighting=weighting.constant(list(weights.values()))
    )
    assert_close(by_weight[1].params, by_loss[1].params)
    assert {name: float(w) for name, w in by_weight[2]['weight'].items()} == weights


def test_a_weighting_that_observes_sees_the_same_batch_at_the_new_parameters():
    seen = []

    def update(losses, state, *, active, key):
        return jnp.ones(3), losses

    def observe(losses_after, state, *, active):
        return losses_after - state

    observing = Weighting(lambda num_tasks: jnp.zeros(num_tasks), update, observe)
    batch = small_batch()
    start, after, _ = run(batch, weighting=observing)
    for state in (start, after):
        cut, _ = training.objective(small_model(), small_tasks(), state.state, batch, KEY)
        seen.append(cut(state.params)[0])
    np.testing.assert_allclose(after.weighting, seen[1] - seen[0], rtol=1e-4, atol=1e-5)


def test_pooled_losses_weigh_tasks_by_their_labels():
    batch = small_batch(labels={'b': np.arange(8) < 2})
    _, _, own = run(batch)
    _, _, pooled = run(batch, pooled=True)
    for name, labels in {'wide': 8, 'b': 2, 'a': 8}.items():
        np.testing.assert_allclose(pooled['loss'][name], own['loss'][name] * labels / 18, rtol=1e-6)


def test_a_second_call_is_not_traced(plain):
    start, step, *_ = plain
    traces = []

    def counted(state, batch):
        traces.append(1)
        return step.update(state, batch)

    update = jax.jit(counted)
    state, _ = update(start, small_batch())
    state, _ = update(state, small_batch(seed=1))
    assert (len(traces), int(state.step)) == (1, 2)


def test_nothing_waits_for_the_host(plain):
    start, step, *_ = plain
    assert 'callback' not in str(jax.make_jaxpr(step.update)(start, small_batch()))


def test_the_state_keeps_its_types(plain):
    start, _, _, (after, _) = plain
    assert jax.tree.structure(after) == jax.tree.structure(start)
    assert avals(after) == avals(start)
    assert not any(weak for *_, weak in avals(start))


def test_scan_is_one_step_after_the_other(plain):
    start, step, update, _ = plain
    batches = [small_batch(seed=seed) for seed in range(5)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *batches)
    scanned, infos = jax.jit(lambda s, b: jax.lax.scan(step.update, s, b))(start, stacked)
    state = start
    for batch in batches:
        state, info = update(state, batch)
    assert_close(scanned.params, state.params)
    np.testing.assert_allclose(infos['loss']['b'][-1], info['loss']['b'], rtol=1e-5)


def test_seeds_under_vmap_are_the_seeds_one_by_one(plain):
    _, step, update, _ = plain
    batch, keys = small_batch(), jax.random.split(KEY, 3)
    states = [step.init(key, batch) for key in keys]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    together, _ = jax.jit(jax.vmap(step.update, (0, None)))(stacked, batch)
    for index, state in enumerate(states):
        alone, _ = update(state, batch)
        assert_close(jax.tree.map(lambda leaf, i=index: leaf[i], together.params), alone.params)


@pytest.mark.parametrize(
    'tx',
    [
        optax.adam(1e-3),
        optax.chain(optax.clip_by_global_norm(1.0), surgery.on_shared(surgery.sum())),
        optax.MultiSteps(chain(), 2).gradient_transformation(),
        optax.apply_if_finite(chain(), 3),
    ],
    ids=['no surgery', 'clip first', 'MultiSteps', 'apply_if_finite'],
)
def test_surgery_comes_first(tx):
    with pytest.raises(ValueError, match='Surgery comes first in the optax chain'):
        step_of(tx).init(KEY, small_batch())


@pytest.mark.parametrize('option', [{'engine': 'fast'}, {'micro_batches': 0}])
def test_unknown_options(option):
    with pytest.raises(ValueError, match='should be'):
        step_of(**option).init(KEY, small_batch())


def test_a_batch_is_augmented_before_it_is_used():
    """By a key that changes with the step."""
    tasks, batch = small_tasks(), small_batch()
    seen = []

    def augment(key, batch):
        factor = jax.random.uniform(key)
        jax.debug.callback(lambda value: seen.append(float(value)), factor)
        return batch._replace(inputs=batch.inputs * 0)

    model, tx = small_model(), optax.chain(surgery.sum(), optax.sgd(0.1))
    step = training.train_step(model, tasks, tx, augment=augment)
    plain = training.train_step(model, tasks, tx)
    start = step.init(jax.random.key(0), batch)
    state, info = jax.jit(step.update)(start, batch)
    nothing = batch._replace(inputs=np.zeros_like(batch.inputs))
    _, expected = jax.jit(plain.update)(start, nothing)
    assert_close(info['loss'], expected['loss'])
    jax.jit(step.update)(state, batch)
    jax.effects_barrier()
    assert len(set(seen)) == 2


def test_a_state_of_weak_types_is_compiled_once():
    def update(losses, state, *, active=None, key=None):
        return jnp.ones(losses.shape), 0.9 * state + 0.1 * losses

    def decayed(updates, state, params=None, **extra):
        return updates, jnp.where(True, state * 0.5, 0)

    slow = Weighting(lambda tasks: jnp.full(tasks, 0.5), update)
    scale = optax.GradientTransformationExtraArgs(lambda params: jnp.asarray(2.0) * 1, decayed)
    step = step_of(optax.chain(surgery.on_shared(surgery.sum()), scale), weighting=slow)
    batch = small_batch()
    state = step.init(KEY, batch)
    compiled = jax.jit(step.update)
    for _ in range(3):
        assert not any(jax.typeof(leaf).weak_type for leaf in jax.tree.leaves(state))
        state, _ = compiled(state, batch)
    assert compiled._cache_size() == 1
