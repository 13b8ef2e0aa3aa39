"""Methods, seeds, scans and micro-batches, on every engine."""

import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, gradients, sharing, surgery, tracing, training
from mtljax.gradients import _engines
from mtljax.gradients._cosines import norms_and_cosines
from mtljax.gradients._jacobian import Pullback
from mtljax.gradients._lean import Lean
from tests.helpers import (
    assert_close,
    jacobian_of,
    regression,
    small_batch,
    small_model,
    small_tasks,
    stand_in,
)
from tests.surgery.surgeries import LOSS, METHODS

# neither variants of a method nor wrappers, which tests of surgery run
PLAIN = {name: row for name, row in METHODS.items() if ' ' not in name}
ENGINES = ('batched', 'loop', 'lean')
KEY = jax.random.key(3)


FEW = {name: PLAIN[name] for name in ('cagrad', 'graddrop', 'per_leaf')}
SOME = pytest.mark.parametrize(
    'methods', [FEW, pytest.param(PLAIN, marks=pytest.mark.exhaustive)], ids=['few', 'all']
)


def updates_on(engine, methods):
    """The updates of the methods for the gradients of one MLP, ``{method: updates}``."""
    params, cut = stand_in(small_model(), small_tasks(), small_batch())
    shared = jacobian_of(cut, params, engine)['shared'].realise()
    found = {}
    for name, row in methods.items():
        state = row.method.init(params['shared'], num_tasks=3)
        more = {} if row.draws == 'nothing' else {'key': KEY}
        found[name], _ = row.method.update(
            shared, state, params['shared'], losses=jnp.full(3, LOSS), **more
        )
    return found


@SOME
def test_a_method_gives_the_same_without_rows(methods):
    held, lean = (jax.jit(lambda e=e: updates_on(e, methods))() for e in ('batched', 'lean'))
    for name in methods:
        assert_close(lean[name], held[name], rtol=1e-3, atol=1e-5)


@SOME
@pytest.mark.parametrize('engine', ['loop', 'representation'])
def test_every_method_runs_on_every_engine(engine, methods):
    params, _ = stand_in(small_model(), small_tasks(), small_batch())
    shapes = jax.tree.map(jnp.shape, params['shared'])
    for updates in jax.eval_shape(lambda: updates_on(engine, methods)).values():
        assert jax.tree.map(jnp.shape, updates) == shapes


@pytest.fixture(scope='module')
def starts():
    methods = surgery.pcgrad(), surgery.upgrad()

    def steps(engine):
        chains = [optax.chain(surgery.on_shared(method), optax.sgd(0.1)) for method in methods]
        return [
            training.train_step(small_model(), small_tasks(), tx, engine=engine) for tx in chains
        ]

    first = [
        [step.init(key, small_batch()) for key in jax.random.split(KEY, 2)]
        for step in steps('batched')
    ]
    return steps, first


@pytest.fixture(scope='module')
def one_by_one(starts):
    """Two steps of every method and seed, one call each."""
    steps, first = starts
    update = [jax.jit(step.update) for step in steps('batched')]

    def advance(index, state):
        for seed in range(2):
            state, _ = update[index](state, small_batch(seed=seed))
        return state.params

    return [[advance(index, state) for state in states] for index, states in enumerate(first)]


@pytest.mark.exhaustive
@pytest.mark.parametrize('engine', ENGINES)
def test_seeds_under_vmap_inside_a_scan(starts, one_by_one, engine):
    steps, first = starts
    stacked = [jax.tree.map(lambda *leaves: jnp.stack(leaves), *states) for states in first]
    each = [small_batch(seed=seed) for seed in range(2)]
    batches = jax.tree.map(lambda *leaves: np.stack(leaves), *each)

    @jax.jit
    def run(states):
        def body(states, batch):
            pairs = zip(steps(engine), states, strict=True)
            return [jax.vmap(step.update, (0, None))(s, batch)[0] for step, s in pairs], None

        return [state.params for state in jax.lax.scan(body, states, batches)[0]]

    for found, expected in zip(run(stacked), one_by_one, strict=True):
        for index, params in enumerate(expected):
            row = jax.tree.map(lambda leaf, i=index: leaf[i], found)
            assert_close(row, params, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('engine', ENGINES)
def test_micro_batches_on_every_engine(engine):
    labels = {'b': np.arange(8) < 3}
    batch, weights = small_batch(labels=labels), np.array([0.5, 2, 1], np.float32)

    def found(micro_batches, engine):
        params, cut = stand_in(small_model(), small_tasks(), batch, micro_batches=micro_batches)

        @jax.jit
        def ours(params):
            shared = jacobian_of(cut, params, engine)['shared'].realise()
            return shared.gramian(), shared.combine(weights)

        return ours(params)

    assert_close(found(4, engine), found(1, 'batched'))


def chosen(trunk, weights, tasks=3, **options):
    z, pull = jax.vjp(trunk, weights)
    return gradients.choose(weights, pull, z, tasks, **options)


def test_what_auto_chooses_on_the_cpu():
    def dense(width, batch, **options):
        x = jnp.ones((batch, width))
        return chosen(lambda w: jnp.tanh(x @ w), jnp.ones((width, width)), **options)

    def stacked(*axes):
        x, weights = jnp.ones((*axes, 16, 16)), jnp.ones((*axes, 16, 16))
        return chosen(lambda w: x @ w, weights)

    def convolution(channels, **options):
        x, kernel = jnp.ones((1, channels, 4, 4)), jnp.ones((channels, channels, 3, 3))
        return chosen(lambda w: jax.lax.conv(x, w, (1, 1), 'SAME'), kernel, **options)

    assert dense(512, 16) == 'lean'
    assert dense(512, 512) == dense(256, 2) == 'loop'
    assert dense(512, 16, tasks=1) == 'batched'
    assert stacked(4, 2) == convolution(8, tasks=17) == 'batched'
    assert stacked(4) == convolution(8) == convolution(256) == 'loop'
    assert dense(64, 16, prefer='memory') == convolution(8, prefer='memory') == 'lean'
    assert dense(64, 4096, prefer='memory') == 'loop'


def test_what_auto_chooses_on_an_accelerator(monkeypatch):
    x, weights = jnp.ones((16, 512)), jnp.ones((512, 512))  # a gradient takes a MiB
    monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')

    def dense(memory, **options):
        monkeypatch.setattr(_engines, 'device_memory', lambda: memory)
        return chosen(lambda w: jnp.tanh(x @ w), weights, **options)

    assert dense(2**20 * 16 * 40, tasks=40) == dense(2**30, tasks=1) == 'batched'
    assert dense(2**20 * 16 * 39, tasks=40) == dense(None) == 'lean'
    assert dense(2**40, prefer='memory') == 'lean'


@pytest.mark.parametrize(
    ('backend', 'stats', 'expected'),
    [('gpu', {'bytes_limit': 5}, 5), ('gpu', None, None), ('cpu', {'bytes_limit': 5}, None)],
)
def test_memory_of_a_device(monkeypatch, backend, stats, expected):
    device = SimpleNamespace(memory_stats=lambda: stats)
    monkeypatch.setattr(jax, 'default_backend', lambda: backend)
    monkeypatch.setattr(jax, 'local_devices', lambda: [device])
    assert tracing.device_memory() == expected


def test_convolutions_are_unrolled_on_the_cpu():
    tasks = small_tasks()
    model = sharing.hard(backbones.lenet((2, 3), width=4), {n: t.head for n, t in tasks.items()})
    images = np.ones((8, 8, 8), np.float32)
    params, cut = stand_in(model, tasks, small_batch()._replace(inputs=images))
    for engine in ('loop', 'lean'):
        program = jax.make_jaxpr(lambda p, e=engine: jacobian_of(cut, p, e)['shared'].gramian())
        assert not re.search(r'\b(scan|while)\[', str(program(params))), engine


@jax.custom_vjp
def reversible(x):
    return jnp.tanh(x)


reversible.defvjp(lambda x: (jnp.tanh(x), x), lambda x, row: (row / jnp.cosh(x) ** 2,))


def test_auto_is_not_lean_without_a_pushforward():
    x = jnp.ones((2, 512))

    def losses_with(function):
        return lambda w: jnp.stack([function(x @ w).sum(), (x @ w).mean()])

    def engine(function):
        return type(gradients.task_gradients(losses_with(function), x.T @ x)[1])

    assert (engine(jnp.tanh), engine(reversible)) == (Lean, Pullback)


@pytest.mark.parametrize('active', [None, jnp.array([True, False])])
def test_rows_of_tasks_without_labels_are_not_scaled(active):
    scaled = []

    def again(gramian):
        with jax.disable_jit():  # the branch that is taken alone
            return norms_and_cosines(gramian, lambda f: scaled.append(f) or jnp.eye(2), active)

    again(jnp.diag(jnp.array([4.0, 0.0])))
    assert len(scaled) == (active is None)


@pytest.mark.parametrize('size', [1.0, 1e-22])
def test_the_approximation_on_devices(size):
    """A coupled model, whose rows hold gradients of parameters beside those of the features."""
    tasks = {'b': regression(), 'a': regression()}
    batch = small_batch(8)
    batch = batch._replace(
        targets={'b': batch.targets['b'], 'a': 1 - batch.targets['b']},
        mask=dict.fromkeys(tasks, batch.mask['b']),
    )
    model = small_model(sharing.soft, tasks=tasks, parallel=(1,))
    params, state = jax.jit(model.init)(KEY, batch.inputs)

    def normalised(params, batch, axis_name=None):
        cut, _ = training.objective(model, tasks, state, batch, KEY, axis_name=axis_name)
        jacobian = gradients.task_gradients(
            cut, params, engine='representation', axis_name=axis_name, has_aux=True
        )[1]
        return jacobian.scale(jnp.array([size, size]))['shared'].normalised()

    alone = jax.jit(normalised)(params, batch)
    parts = jax.tree.map(lambda leaf: leaf.reshape(4, 2, *leaf.shape[1:]), batch)
    devices = jax.devices()[:4]
    found = jax.pmap(lambda p, b: normalised(p, b, 'd'), 'd', in_axes=(None, 0), devices=devices)(
        params, parts
    )
    assert alone[0].min() > 0
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_allclose(one[0], other, rtol=1e-4)
