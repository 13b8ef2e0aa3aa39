"""Eight devices do what one does."""

import jax
import numpy as np
import optax
import pytest
from flax import linen

from mtljax import backbones, data, module, sharing, surgery, training
from mtljax.training._parallel import strategy_of
from tests.helpers import assert_close, small_batch, small_tasks

STEPS, SIZE = 20, 64
FIRST = {'b': np.arange(SIZE) < 5}  # on one device's part of the batch


class _Norm(linen.Module):
    axis_name: str | None

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = linen.Dense(6)(x)
        norm = linen.BatchNorm(
            use_running_average=not train, axis_name=self.axis_name if train else None
        )
        return linen.tanh(norm(x))


def dense(axis_name):
    return backbones.mlp((6, 4))


def normalised(axis_name):
    return module.from_linen(_Norm(axis_name)), *backbones.mlp((4,))


CASES = {
    'sum': (surgery.sum(), dense, {}),
    'pcgrad': (surgery.pcgrad(), dense, {}),
    'labels on one device': (surgery.pcgrad(), dense, FIRST),
    'batch norm': (surgery.sum(), normalised, {}),
    'solver': (surgery.cagrad(), dense, FIRST),
    'state, weighted heads': (surgery.gradnorm(), dense, {}),
}


def run(case, place, compile, fetch, axis_name, shard):
    method, backbone, labels = case
    tasks = small_tasks()
    model = sharing.hard(backbone(axis_name), {name: task.head for name, task in tasks.items()})
    tx = optax.chain(surgery.on_shared(method), optax.sgd(0.05))
    step = training.train_step(model, tasks, tx, axis_name=axis_name)
    state = place(step.init(jax.random.key(0), small_batch(SIZE)))
    update = compile(step.update)
    for seed in range(STEPS):
        state, info = update(state, shard(small_batch(SIZE, seed=seed, labels=labels)))
    state, info = fetch(state), fetch(info)
    return jax.device_get((state.params, state.state, info))


EXHAUSTIVE = ('pcgrad', 'batch norm', 'solver', 'state, weighted heads')
MARKED = [
    pytest.param(case, id=name, marks=[pytest.mark.exhaustive] if name in EXHAUSTIVE else [])
    for name, case in CASES.items()
]


@pytest.fixture(scope='module', params=MARKED)
def one_device(request):
    return request.param, run(request.param, lambda s: s, jax.jit, lambda s: s, None, lambda b: b)


@pytest.mark.parametrize('name', ['jit', 'pmap'])
def test_devices_together_equal_one(one_device, name):
    case, expected = one_device
    strategy = strategy_of(name)
    found = run(
        case,
        strategy.replicate,
        strategy.compile,
        strategy.fetch,
        strategy.axis_name,
        strategy.shard,
    )
    assert jax.device_count() == 8
    assert_close(found, expected, atol=1e-5)


def test_a_device_sees_its_part_of_the_batch():
    batch = small_batch(SIZE)
    for name, shape in {'jit': (8, 5), 'pmap': (1, 8, 5)}.items():
        placed = strategy_of(name).shard(batch).inputs
        if name == 'jit':
            assert {shard.data.shape for shard in placed.addressable_shards} == {shape}
        else:
            assert np.asarray(placed).shape == (8, *shape[1:])


def test_training_with_either_strategy():
    digits = data.digits(train=64, validation=10, test=10)
    model = sharing.hard(backbones.mlp((4,)), digits.heads)
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
    options = {'steps': 6, 'batch_size': 16, 'log_every': 3}
    one, other = (
        training.train(model, digits, tx, parallel=name, **options) for name in ('jit', 'pmap')
    )
    assert_close(jax.device_get(other.state.params), jax.device_get(one.state.params))
    assert_close(other.test, one.test)
