"""Parameters that do not train."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from mtljax import backbones, heads, module, sharing, surgery, training, trees
from mtljax.base import Module
from tests.helpers import assert_same, flops, small_batch, small_tasks

X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
KEY = jax.random.key(0)


class _Norm(linen.Module):
    @linen.compact
    def __call__(self, x, train: bool = False):
        return linen.relu(linen.BatchNorm(use_running_average=not train)(linen.Dense(6)(x)))


def stages():
    return module.from_linen(_Norm()), *backbones.mlp((4,))


def step_of(backbone, method=None):
    tasks = small_tasks()
    model = sharing.hard(backbone, {name: task.head for name, task in tasks.items()})
    method = surgery.on_shared(surgery.sum()) if method is None else method
    tx = optax.chain(method, optax.adamw(1e-2, weight_decay=0.1))
    step = training.train_step(model, tasks, tx)
    return step, jax.jit(step.init)(KEY, small_batch())


def leaves_of(tree):
    return set(trees.paths(tree))


@pytest.mark.parametrize(
    ('where', 'left'),
    [
        (None, set()),
        (['Dense_0/kernel'], {'Dense_0/bias'}),
        ('Dense_0', set()),
        (lambda path: path.endswith('bias'), {'Dense_0/kernel'}),
    ],
    ids=['whole', 'names', 'name', 'predicate'],
)
def test_a_module(where, left):
    whole, some = heads.linear(3), module.freeze(heads.linear(3), where)
    params, state = jax.jit(some.init)(KEY, X)
    assert leaves_of(params) == left
    assert leaves_of(state['frozen']) == {'Dense_0/bias', 'Dense_0/kernel'} - left
    y, written = some.apply(params, state, X, train=True)
    assert_same(y, whole.apply(*jax.jit(whole.init)(KEY, X), X)[0])
    assert_same(written, state)


@pytest.mark.parametrize('where', [['stage0'], lambda path: path.startswith('stage0/'), 1])
def test_a_backbone(where):
    first, second = module.freeze(stages(), where)
    params, _ = jax.jit(first.init)(KEY, X)
    assert not jax.tree.leaves(params)
    params, _ = jax.jit(second.init)(KEY, np.ones((8, 6), np.float32))
    assert leaves_of(params) == {'Dense_0/bias', 'Dense_0/kernel'}


def test_unknown_names():
    with pytest.raises(ValueError, match=r"\['stage0', 'stage1'\]. Found where = 'stage7'"):
        module.freeze(stages(), ['stage7'])
    with pytest.raises(ValueError, match="Found 'stage0/Dense_9'"):
        module.freeze(stages(), ['stage0/Dense_9'])[0].init(KEY, X)
    with pytest.raises(ValueError, match="Found 'scale'"):
        module.freeze(heads.linear(), ['scale']).init(KEY, X)
    with pytest.raises(ValueError, match=r'should be in 0..2. Found where = 3'):
        module.freeze(stages(), 3)
    with pytest.raises(ValueError, match='number for a'):
        module.freeze(heads.linear(), 1)


def test_a_frozen_stage_stays_as_it_is_while_the_rest_trains():
    step, state = step_of(module.freeze(stages(), ['stage0']), surgery.pcgrad(shuffle=False))
    adam = next(s for s in jax.tree.leaves(state.opt_state, is_leaf=_is_adam) if _is_adam(s))
    assert leaves_of(adam.mu) == leaves_of(state.params)
    assert 'shared/stage0/Dense_0/kernel' not in leaves_of(state.params)
    after, _ = jax.jit(step.update)(state, small_batch())
    assert_same(after.state, state.state)  # statistics of the normalisation too
    moved = jax.tree.map(lambda a, b: (a != b).any(), after.params, state.params)
    assert moved['shared']['stage1']['Dense_0']['kernel']
    free, start = step_of(stages())
    after, _ = jax.jit(free.update)(start, small_batch())
    before = start.state['shared']['stage0']['batch_stats']['BatchNorm_0']['mean']
    assert (after.state['shared']['stage0']['batch_stats']['BatchNorm_0']['mean'] != before).any()


def test_frozen_stages_are_not_differentiated():
    first = backbones.mlp((64, 4))
    cost = {}
    for name, backbone in (('free', first), ('frozen', module.freeze(first, ['stage0']))):
        step, state = step_of(backbone)
        cost[name] = flops(step.update, state, small_batch())
    assert cost['frozen'] < 0.7 * cost['free']


def test_all_frozen_leaves_the_heads():
    step, state = step_of(module.freeze(stages()))
    assert not jax.tree.leaves(state.params['shared'])
    after, _ = jax.jit(step.update)(state, small_batch())
    heads_of = [s.params['task']['heads']['b']['Dense_0']['kernel'] for s in (state, after)]
    assert (heads_of[0] != heads_of[1]).any()
    assert jnp.isfinite(heads_of[1]).all()


def _is_adam(node):
    return isinstance(node, optax.ScaleByAdamState)


def test_a_predicate_that_accepts_nothing():
    frozen = module.freeze(heads.linear(2), lambda path: path.startswith('Dens_0'))
    with pytest.raises(ValueError, match='match a parameter'):
        frozen.init(jax.random.key(0), jnp.ones((2, 3)))


def test_a_stage_without_parameters_may_be_among_the_first():
    def same(params, state, x, *, key=None, train=False):
        return x, state

    frozen = module.freeze((Module(lambda key, x: ({}, {}), same), *backbones.mlp((4,))), 2)
    params = [jax.eval_shape(stage.init, KEY, X)[0] for stage in frozen]
    assert jax.tree.leaves(params) == []
