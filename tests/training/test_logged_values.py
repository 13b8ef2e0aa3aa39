"""What the log has besides losses: norms of gradients, and the learning rate."""

import jax
import numpy as np
import optax
import pytest

from mtljax import backbones, build, data, sharing, surgery, training, weighting
from tests.helpers import (
    NAMES,
    assert_close,
    flops,
    rows_of,
    small_batch,
    small_model,
    small_tasks,
    stand_in,
)

DIGITS = data.digits(train=64, validation=16, test=16)
WEIGHTS = (2.0, 1.0, 0.5)
SIZE = {'steps': 5, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}


@pytest.mark.parametrize(
    ('scheme', 'engine'),
    [
        (sharing.hard, 'batched'),
        (sharing.hard, 'loop'),
        (sharing.hard, 'lean'),
        (sharing.independent, 'batched'),
    ],
)
def test_norms_of_gradients(scheme, engine):
    tasks, model = small_tasks(), small_model(scheme)
    batch = small_batch(labels={'b': np.zeros(8, bool)})
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
    options = {'engine': engine, 'weighting': weighting.constant(WEIGHTS)}
    step = training.train_step(model, tasks, tx, gradient_norms=True, **options)
    start = step.init(jax.random.key(0), batch)
    found = jax.jit(step.update)(start, batch)[1]['gradient']
    _, cut = stand_in(model, tasks, batch)
    rows = rows_of(lambda params: cut(params)[0], start.params, 3)
    leaves = jax.tree.leaves(rows['shared']) or jax.tree.leaves(rows['task'])
    expected = np.sqrt(sum((leaf.reshape(3, -1) ** 2).sum(axis=1) for leaf in leaves))
    np.testing.assert_allclose(
        [found[name] for name in NAMES], np.multiply(WEIGHTS, expected), rtol=1e-5
    )
    assert found['b'] == 0
    assert all(found[name] > 0.01 for name in ('wide', 'a'))


def test_norms_use_the_rows_of_the_surgery():
    """A surgery that needs the gradients of all tasks shares them with the log."""
    tasks, model, batch = small_tasks(), small_model(widths=(64, 64)), small_batch(64)
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
    counts = []
    for norms in (False, True):
        step = training.train_step(model, tasks, tx, engine='batched', gradient_norms=norms)
        counts.append(flops(step.update, step.init(jax.random.key(0), batch), batch))
    assert counts[0] <= counts[1] < 1.1 * counts[0]


def train(tx, **options):
    model = sharing.hard(backbones.mlp((8,)), DIGITS.heads)
    result = training.train(model, DIGITS, tx, **SIZE, **options)
    return result, [row for row in result.history if 'loss/left' in row]


def test_rows_of_the_log():
    schedule = optax.linear_schedule(0.1, 0.0, 10)
    optimiser = optax.inject_hyperparams(optax.sgd)(schedule)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optimiser)
    schedules = {'learning_rate': schedule, 'scale': 3}
    logged = {'gradient_norms': True, 'log_schedules': schedules}
    result, rows = train(tx, **logged)
    assert [row['learning_rate'] for row in rows] == pytest.approx([0.09, 0.07, 0.06])
    used = result.state.opt_state[1].hyperparams['learning_rate']
    assert rows[-1]['learning_rate'] == pytest.approx(float(used))
    assert [row['scale'] for row in rows] == [3, 3, 3]
    assert all(row[f'gradient/{task}'] > 0 for row in rows for task in DIGITS.tasks)
    assert all(row[f'weight/{task}'] == 1 for row in rows for task in DIGITS.tasks)
    _, mapped = train(tx, parallel='pmap', **logged)
    for row, other in zip(rows, mapped, strict=True):
        assert row == pytest.approx(other, rel=1e-4)
    plain, others = train(tx)
    assert set(rows[0]) - set(others[0]) == {
        'learning_rate', 'scale', 'gradient/left', 'gradient/right',
    }  # fmt: skip
    assert_close(plain.state.params, result.state.params)


COSINE = {'fn': 'optax:cosine_decay_schedule', 'init_value': 0.2, 'decay_steps': 10}
ADAM = {'fn': 'optax:adam', 'learning_rate': COSINE}
CLIP = {'fn': 'optax:clip_by_global_norm', 'args': [1.0]}


@pytest.mark.parametrize(
    ('optimizer', 'expected'),
    [
        ({'fn': 'optax:sgd', 'learning_rate': 0.5}, 0.5),
        (ADAM, 0.2 * (1 + np.cos(np.pi * 0.4)) / 2),
        ({'fn': 'optax:chain', 'args': [CLIP, ADAM]}, 0.2 * (1 + np.cos(np.pi * 0.4)) / 2),
        ({'fn': 'optax:chain', 'args': [ADAM, ADAM]}, None),
        ({'fn': 'optax:MultiSteps', 'opt': ADAM, 'every_k_schedule': 2}, None),
    ],
)
def test_the_learning_rate_of_a_config(optimizer, expected):
    config = {
        'seed': 0,
        'data': {},
        'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': [8]},
        'sharing': {'fn': 'mtljax.sharing:hard'},
        'weighting': None,
        'surgery': {'fn': 'mtljax.surgery:sum'},
        'optimizer': optimizer,
        'select': None,
        'train': {'steps': 10, 'batch_size': 16},
    }
    options = build.setup(config, DIGITS).options
    found = options.scheduled(5)
    assert found == ({} if expected is None else {'learning_rate': pytest.approx(expected)})
    own = {**config, 'train': {**config['train'], 'log_schedules': {'own': 1}}}
    assert build.setup(own, DIGITS).options.scheduled(5) == {'own': 1}


@pytest.mark.parametrize(
    ('schedules', 'said'),
    [
        (0.1, 'should be a mapping'),
        ({'loss/a': 0.1}, "should be a text without '/'"),
        ({'rate': 'x'}, r"log_schedules\['rate'\] should be a number.*Found 'x'"),
        ({'rate': lambda step: np.ones(2)}, r'Found array.*for step 0'),
        ({'rate': lambda: 1}, r'Found TypeError.*for step 0'),
        ({'rate': float('nan')}, r'Found nan'),
    ],
)
def test_schedules_that_are_refused(schedules, said):
    with pytest.raises(ValueError, match=said):
        training.Options(steps=1, batch_size=1, log_schedules=schedules)
