"""Engines give the rows that one ``jax.grad`` per task gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from mtljax import backbones, base, gradients, heads, module, sharing
from tests.helpers import (
    DEPTHS,
    assert_close,
    flops,
    jacobian_of,
    regression,
    rows_of,
    small_batch,
    small_model,
    small_tasks,
    stand_in,
)

ENGINES = ('batched', 'loop', 'lean')


def image_batch():
    rng = np.random.default_rng(0)
    return small_batch(4)._replace(inputs=rng.normal(size=(4, 8, 8)).astype(np.float32))


def case_of(scheme, backbone, batch, **options):
    tasks = small_tasks()
    model = scheme(backbone, {name: task.head for name, task in tasks.items()}, **options)
    return *stand_in(model, tasks, batch), len(tasks)


def many_tasks(count):  # above the number that is unrolled
    names = [f'task{(7 * index) % count}' for index in range(count)]
    tasks = {name: regression() for name in names}
    rng = np.random.default_rng(0)
    batch = base.Batch(
        rng.normal(size=(6, 5)).astype(np.float32),
        {name: rng.normal(size=6).astype(np.float32) for name in names},
        {name: np.ones(6, bool) for name in names},
    )
    return *stand_in(small_model(widths=(4,), tasks=tasks), tasks, batch), count


def two_layers():
    return backbones.mlp((6, 4))


def normed_lenet():
    *convolutions, dense = backbones.lenet((2, 3), width=4)
    norm = module.from_linen(linen.BatchNorm())
    return (*(stage for convolution in convolutions for stage in (convolution, norm)), dense)


CASES = {
    'mlp hard': lambda: case_of(sharing.hard, two_layers(), small_batch()),
    'mlp branched': lambda: case_of(sharing.branched, two_layers(), small_batch(), at=DEPTHS),
    'mlp independent': lambda: case_of(sharing.independent, two_layers(), small_batch()),
    'lenet batch norm': lambda: case_of(sharing.hard, normed_lenet(), image_batch()),
    'resnet hard': lambda: case_of(sharing.hard, backbones.resnet((4,), (1,)), image_batch()),
    'mlp mmoe': lambda: case_of(sharing.mmoe, two_layers(), small_batch(), num_experts=3),
    'mlp film': lambda: case_of(sharing.film, two_layers(), small_batch()),
    'attention hard': lambda: case_of(
        sharing.hard,
        module.remat(backbones.transformer(1, 8, 2, patch=4, dropout=0.1)),
        image_batch(),
    ),
    'lenet branched': lambda: case_of(
        sharing.branched, backbones.lenet((2, 3), width=4), image_batch(), at=DEPTHS
    ),
}


RARE = (
    'mlp branched',
    'resnet hard',
    'lenet batch norm',
    'mlp mmoe',
    'attention hard',
    'lenet branched',
)


@pytest.mark.parametrize(
    'case',
    [
        pytest.param(case, id=name, marks=[pytest.mark.exhaustive] if name in RARE else [])
        for name, case in CASES.items()
    ],
)
def test_engines_equal_one_grad_per_task(case):
    params, cut, tasks = case()
    weights = np.linspace(0.5, 2, tasks, dtype=np.float32)

    @jax.jit
    def ours(params):
        jacobian = [jacobian_of(cut, params, engine).realise() for engine in ENGINES]
        return [(j.stacked(), j.gramian(), j.combine(weights)) for j in jacobian]

    rows = rows_of(lambda p: cut(p)[0], params, tasks)
    flat = np.concatenate([x.reshape(tasks, -1) for x in jax.tree.leaves(rows)], axis=1)
    total = jax.tree.map(lambda x: np.tensordot(weights, x, 1), rows)
    for stacked, gramian, weighted in ours(params):
        assert_close(stacked, rows)
        assert_close(gramian, flat @ flat.T, atol=1e-5)
        assert_close(weighted, total)


@pytest.mark.exhaustive
def test_many_tasks_are_mapped():
    params, cut, tasks = many_tasks(17)
    found = jax.jit(lambda p: jacobian_of(cut, p, 'loop')['shared'].stacked())(params)
    rows = rows_of(lambda p: cut(p)[0], params, tasks)
    assert_close(found, rows['shared'])


@pytest.mark.parametrize('name', ['mlp hard', 'mlp independent'])
def test_unrealised_rows_combine_as_realised_ones(name):
    params, cut, tasks = CASES[name]()
    weights = np.linspace(0.5, 2, tasks, dtype=np.float32)

    @jax.jit
    def ours(params):
        lazy = jacobian_of(cut, params)
        return lazy.combine(weights), lazy.scale(weights).combine(), lazy.scale(weights).stacked()

    combined, scaled, rows = ours(params)
    expected = jax.jit(jax.grad(lambda p: cut(p)[0] @ weights))(params)
    for found in (combined, scaled, jax.tree.map(lambda x: np.sum(x, 0), rows)):
        assert_close(found, expected)


def test_losses_of_a_function_keep_its_extra_output():
    (losses, extra), jacobian = gradients.task_gradients(
        lambda w: (jnp.stack([w @ w, w.sum()]), w[0]), jnp.arange(3.0), has_aux=True
    )
    assert (losses.tolist(), extra.item()) == ([5, 3], 0)
    assert jacobian.stacked().tolist() == [[0, 2, 4], [1, 1, 1]]


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"engine should be one of.*Found engine = 'fast'"):
        gradients.task_gradients(lambda w: w, jnp.ones(2), engine='fast')
    with pytest.raises(ValueError, match=r"prefer should be one of.*Found prefer = 'speed'"):
        gradients.task_gradients(lambda w: w, jnp.ones(2), prefer='speed')
    with pytest.raises(ValueError, match=r'vector.*Found shape \(\)'):
        gradients.task_gradients(lambda w: w.sum(), jnp.ones(2))


def test_cosines_of_a_zero_gradient_are_zero():
    found = gradients.cosines(jnp.array([[4.0, 0, 2], [0, 0, 0], [2, 0, 1]]))
    assert found.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


def coupled_model(coupled):
    """A readout that multiplies by a shared scalar."""
    own = module.fan_out({'b': heads.linear(), 'a': heads.linear()})
    trunk = module.serial(*backbones.mlp((4,)))

    def init(key, x):
        shared, state = trunk.init(key, x)
        task, task_state = own.init(key, jax.eval_shape(trunk.apply, shared, state, x)[0])
        shared = {'trunk': shared, 'gain': jnp.array(2.0)}
        return {'shared': shared, 'task': {'heads': task}}, {'trunk': state, 'heads': task_state}

    def features(params, state, x, *, key=None, train=False):
        return trunk.apply(params['shared']['trunk'], state['trunk'], x)[0], state

    def readout(params, state, z, *, tasks=None, key=None, train=False):
        z = z * params['shared']['gain']
        return own.apply(params['task']['heads'], state['heads'], z, tasks=tasks)[0], state

    return module.multitask(init, features, readout, tasks=('b', 'a'), coupled=coupled)


def test_a_coupled_readout_gets_the_whole_gradient():
    tasks = {'b': regression(), 'a': regression()}
    batch = small_batch()
    batch = batch._replace(targets=batch.targets | {'a': batch.targets['b'] + 1})
    params, cut = stand_in(coupled_model(True), tasks, batch)
    rows = rows_of(lambda p: cut(p)[0], params, 2)
    assert (rows['shared']['gain'] != 0).all()
    for engine in ENGINES:

        @jax.jit
        def ours(params, engine=engine):
            jacobian = jacobian_of(cut, params, engine)
            return jacobian.stacked(), jacobian.combine()

        found, total = ours(params)
        assert_close(found, rows)
        assert_close(total, jax.tree.map(lambda x: x.sum(0), rows))


def test_shared_parameters_are_withheld_from_other_readouts():
    tasks = {'b': regression(), 'a': regression()}
    params, cut = stand_in(coupled_model(False), tasks, small_batch())
    with pytest.raises(KeyError, match='shared'):
        jax.eval_shape(lambda p: jacobian_of(cut, p).combine(), params)


def tokens():
    """A stage that embeds integer tokens ``[B, 3]``."""

    def init(key, x):
        return {'table': jax.random.normal(key, (5, 4))}, {}

    def apply(params, state, x, *, key=None, train=False):
        return params['table'][x].reshape(x.shape[0], -1), state

    return base.Module(init, apply)


@pytest.mark.parametrize(
    'scheme', [sharing.hard, pytest.param(sharing.independent, marks=pytest.mark.exhaustive)]
)
def test_integer_inputs(scheme):
    tasks = small_tasks()
    model = scheme((tokens(),), {name: task.head for name, task in tasks.items()})
    inputs = np.arange(24, dtype=np.int32).reshape(8, 3) % 5
    params, cut = stand_in(model, tasks, small_batch()._replace(inputs=inputs))
    for engine in ENGINES:
        found = jax.jit(lambda p, e=engine: jacobian_of(cut, p, e).stacked())(params)
        assert_close(found, rows_of(lambda p: cut(p)[0], params, 3))


def wide_heads():
    """Eight tasks whose heads cost more than their trunk."""
    names = list('hgfedcba')
    task = base.Task(heads.mlp((256,), 10), lambda y, t: ((y - t) ** 2).mean(-1))
    tasks = dict.fromkeys(names, task)
    rng = np.random.default_rng(0)
    batch = base.Batch(
        rng.normal(size=(32, 64)).astype(np.float32),
        {name: rng.normal(size=(32, 10)).astype(np.float32) for name in names},
        {name: np.ones(32, bool) for name in names},
    )
    return stand_in(small_model(widths=(64, 64), tasks=tasks), tasks, batch)


def test_heads_are_differentiated_once():
    params, cut = wide_heads()

    def naive(params):
        _, pull = jax.vjp(lambda p: cut(p)[0], params)
        return jax.vmap(lambda row: pull(row)[0])(jnp.eye(8))

    def ours(params):
        jacobian = jacobian_of(cut, params)
        return jacobian['shared'].stacked(), jacobian['task'].combine()

    assert flops(ours, params) <= 0.45 * flops(naive, params)


def test_a_sum_costs_one_backward():
    params, cut = wide_heads()
    floor = flops(jax.grad(lambda p: cut(p)[0].sum()), params)
    assert flops(lambda p: jacobian_of(cut, p).combine(), params) <= 1.05 * floor


def test_the_gramian_at_the_features():
    """Its weighted sum and its rows are those of the parameters."""
    params, cut, tasks = CASES['mlp hard']()
    weights = np.linspace(0.5, 2, tasks, dtype=np.float32)
    z, carry = jax.jit(cut.trunk)(params['shared'])

    @jax.jit
    def both(params):
        shared = jacobian_of(cut, params, 'representation').scale(weights)['shared'].realise()
        exact = jacobian_of(cut, params).scale(weights)['shared']
        found = shared.gramian(), shared.normalised(), shared.combine(weights), shared.stacked()
        return found, (exact.combine(weights), exact.stacked())

    (gramian, (norms, angles), combined, stacked), exact = both(params)
    rows = rows_of(lambda z: cut.losses({'task': params['task']}, z, carry)[0], z, tasks)
    flat = np.concatenate([row.reshape(tasks, -1) for row in jax.tree.leaves(rows)], axis=1)
    flat = weights[:, None] * flat
    assert_close(gramian, flat @ flat.T)
    assert_close((combined, stacked), exact)
    assert_close(norms, np.linalg.norm(flat, axis=1))
    assert_close(np.diag(angles), np.ones(tasks))


@pytest.mark.parametrize('size', [1e-34, 1e-25, 1e25, 1e34])
def test_lean_norms_whose_squares_leave_float32(size):
    rows = np.array([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]], np.float32) * np.float32(size)

    @jax.jit
    def found(params):
        jacobian = gradients.task_gradients(lambda w: jnp.asarray(rows) @ w, params, engine='lean')
        return jacobian[1].normalised()

    norms, angles = found(jnp.ones(2))
    assert_close(norms / size, np.array([5.0, 2.0, 0.0]))
    assert_close(angles, np.array([[1, 0.8, 0], [0.8, 1, 0], [0, 0, 0]]))
