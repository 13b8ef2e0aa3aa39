"""Every scheme: who reaches which parameter, and what every engine and reader may rely on."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import backbones, gradients, heads, sharing, training
from tests.helpers import assert_close, avals
from tests.sharing.schemes import BACKBONE, SCHEMES, batch_for, build, tasks_for

LAST = ('b',)


def inputs(size=8, width=5):
    return np.random.default_rng(0).normal(size=(size, width)).astype(np.float32)


def facts_of(name, x):
    """Everything that the tests below ask of a scheme, from one compiled function."""
    scheme = SCHEMES[name]
    tasks = tasks_for(scheme)
    model = build(scheme, scheme.backbone, tasks, per_task_input=isinstance(x, dict))
    batch = batch_for(model, tasks, x)

    @jax.jit
    def compute(key):
        params, state = model.init(key, batch.inputs)
        leaves, treedef = jax.tree.flatten(params)
        keys = jax.random.split(key, len(leaves))
        noisy = [v + 0.1 * jax.random.normal(k, v.shape) for v, k in zip(leaves, keys, strict=True)]
        params = jax.tree.unflatten(treedef, noisy)
        cut, _ = training.objective(model, tasks, state, batch, key)
        weights = jnp.linspace(0.5, 2.0, len(tasks))
        whole = jax.grad(lambda p: cut(p)[0] @ weights)(params)
        (losses, after), jacobian = gradients.task_gradients(cut, params, has_aux=True)
        z, now = model.features(params, state, batch.inputs)
        every, same = model.readout(params, now, z)
        return {
            'whole': whole,
            'combined': jacobian.combine(weights),
            'rows': jacobian.stacked(),
            'losses': losses,
            'every': every,
            'some': model.readout(params, now, z, tasks=LAST)[0],
            'states': (state, after, same),
            'params': params,
        }

    return SimpleNamespace(model=model, tasks=tasks, batch=batch, **compute(jax.random.key(3)))


def reached(leaf):
    """Which task's loss has a gradient at each row of a leaf ``[T, rows, ...]``."""
    return np.asarray(leaf).reshape(*leaf.shape[:2], -1).any(-1).tolist()


def check_placement(facts):
    """Several losses reach 'shared'; one reaches a subtree of 'task', or a row of a stacked one."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(facts.rows['shared']):
        assert sum(row.any() for row in np.asarray(leaf)) >= 2, path
    own = np.eye(len(facts.tasks), dtype=bool).tolist()
    for path, leaf in jax.tree_util.tree_leaves_with_path(facts.rows['task']):
        assert sum(row.any() for row in np.asarray(leaf)) == 1 or reached(leaf) == own, path


def check_heads(facts):
    """Each head is reached by its own task, and the order is the user's."""
    assert list(facts.model.tasks) == list(facts.tasks)
    assert set(facts.params['task']['heads']) == set(facts.tasks)
    for index, name in enumerate(facts.model.tasks):
        leaves = jax.tree.leaves(facts.rows['task']['heads'][name])
        assert all(np.asarray(leaf)[index].any() for leaf in leaves)


def check_engine(facts):
    """Per-task gradients add up to the gradient of the whole model."""
    assert_close(facts.combined, facts.whole, rtol=1e-4, atol=1e-5)
    weights = np.linspace(0.5, 2.0, len(facts.tasks))
    summed = jax.tree.map(lambda leaf: np.tensordot(weights, leaf, 1), facts.rows)
    assert_close(summed, facts.whole, rtol=1e-4, atol=1e-5)


def check_losses(facts):
    """Each loss is that of its own prediction, and of what the model adds."""
    after, auxiliary = facts.states[1], facts.model.auxiliary
    if any("'mean'" in path for path in paths(after)):
        return  # batch norm differs in training
    for index, (name, task) in enumerate(facts.tasks.items()):
        loss = np.mean(task.loss(facts.every[name], facts.batch.targets[name]))
        extra = 0 if auxiliary is None else auxiliary(after, name)
        np.testing.assert_allclose(facts.losses[index], loss + extra, rtol=1e-4)


def check_readout(facts):
    """A readout of some tasks is that of all."""
    assert set(facts.every) == set(facts.tasks)
    assert_close(facts.some, {name: facts.every[name] for name in LAST})


def check_state(facts):
    """The state keeps its structure, and changes in training alone."""
    before, after, same = facts.states
    assert jax.tree.structure(before) == jax.tree.structure(after)
    assert avals(before) == avals(after)
    assert_close(same, before)


def paths(tree):
    return [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]


@pytest.mark.parametrize('name', SCHEMES)
def test_the_contract_of_every_scheme(name):
    facts = facts_of(name, inputs())
    check_placement(facts)
    check_heads(facts)
    check_engine(facts)
    check_losses(facts)
    check_readout(facts)
    check_state(facts)


@pytest.mark.parametrize('name', ['cross_stitch', 'esmm', 'film'])
def test_one_input_per_task(name):
    tasks = tasks_for(SCHEMES[name])
    x = {task: inputs() + at for at, task in enumerate(reversed(tasks))}
    found = facts_of(name, x)
    check_engine(found)
    check_losses(found)
    check_state(found)
    alone = build(SCHEMES[name], SCHEMES[name].backbone, tasks)
    state = jax.jit(alone.init)(jax.random.key(0), x['b'])[1]
    every = jax.jit(lambda params: alone.apply(params, state, x['b'])[0])(found.params)
    np.testing.assert_allclose(found.every['b'], every['b'], rtol=1e-4, atol=1e-5)
    assert not np.allclose(found.every['wide'], every['wide'])


@pytest.mark.parametrize('scheme', [sharing.hard, sharing.soft, sharing.mmoe, sharing.ple])
@pytest.mark.parametrize(
    ('backbone', 'own', 'message'),
    [
        (list(BACKBONE), {'a': heads.linear()}, 'tuple of stages'),
        ((len,), {'a': heads.linear()}, 'tuple of stages'),
        (BACKBONE, {}, 'one at least'),
        (BACKBONE, {'a': len}, "head of task 'a' should be a Module"),
    ],
)
def test_arguments_that_are_no_modules(scheme, backbone, own, message):
    with pytest.raises(ValueError, match=message):
        scheme(backbone, own)


TWO = {'b': heads.linear(3), 'a': heads.linear()}
EVERY_TASK_EARLY = dict.fromkeys(TWO, 1)


@pytest.mark.parametrize(
    ('scheme', 'options', 'message'),
    [
        (sharing.branched, {'at': {'c': 1}}, r"unknown tasks \['c'\]. Found heads \['b', 'a'\]"),
        (sharing.branched, {'at': {'b': 4}}, r"at\['b'\] should lie in 0..2.*Found 4"),
        (sharing.branched, {'at': {'b': -1}}, r"at\['b'\] should lie in 0..2.*Found -1"),
        (sharing.branched, {'at': EVERY_TASK_EARLY}, '2 stages, but no task goes beyond 1'),
        (sharing.soft, {'parallel': []}, 'parallel should be different stages among 0 to 1'),
        (sharing.film, {'after': [3]}, r'after should be.*among 0 to 1.*Found after = \[3\]'),
        (sharing.cross_stitch, {'start': 1, 'after': [0]}, 'after should be.*among 1 to 1'),
        (sharing.cross_stitch, {'own': float('nan')}, 'own should be a finite number'),
        (sharing.mmoe, {'num_experts': 0}, 'num_experts should be a whole number >= 1'),
        (sharing.mmoe, {'start': 2, 'stop': 2}, 'start < stop <= 2'),
        (sharing.mmoe, {'gate_at': 1}, 'gate_at should be a number of stages in 0..0'),
        (sharing.mmoe, {'gate_dropout': 1.0}, r'gate_dropout should be in \[0, 1\)'),
        (sharing.dselect_k, {'k': 0}, 'k should be a whole number >= 1'),
        (sharing.dselect_k, {'gamma': 0}, 'gamma should be a finite number > 0'),
        (sharing.ple, {'levels': [2, 2]}, 'levels should be how many of the 2 stages'),
        (sharing.ple, {'num_shared': 0}, 'num_shared should be a whole number >= 1'),
        (sharing.adatt, {'num_own': 0}, 'num_own should be a whole number >= 1'),
        (sharing.esmm, {'funnel': ['a', 'c']}, "funnel should be different tasks of .'b', 'a'"),
        (sharing.aitm, {'calibrate': -1}, 'calibrate should be a finite number >= 0'),
        (sharing.adapters, {'width': 0}, 'width should be a whole number >= 1'),
        (sharing.sluice, {'subspaces': 0}, 'subspaces should be a whole number >= 1'),
        (sharing.task_token, {'how': 'multiply'}, "how should be 'add' or 'prepend'"),
        (sharing.ple, {'levels': 2}, 'levels should be how many of the 2 stages'),
        (sharing.film, {'after': 1}, 'after should be different stages'),
        (sharing.branched, {'at': {'b': 1.0}}, r"at\['b'\] should lie in 0..2"),
        (sharing.mmoe, {'start': True}, 'start and stop should be stages'),
        (sharing.mmoe, {'gate': None}, 'gate should be a Module, or a function'),
        (sharing.task_token, {'before': 3}, 'before should be.*among 0 to 1'),
    ],
)
def test_options_that_do_not_fit(scheme, options, message):
    with pytest.raises(ValueError, match=message):
        scheme(BACKBONE, TWO, **options)


@pytest.mark.parametrize(
    ('model', 'x', 'message'),
    [
        (sharing.task_token(BACKBONE, TWO), np.ones((2, 5)), 'heads should be alike'),
        (sharing.task_token(BACKBONE, TWO), np.ones((2, 5), int), 'A task token reads floats'),
        (sharing.sluice(backbones.mlp((5,)), TWO), np.ones((2, 5)), '2 subspaces do not divide'),
        (sharing.mmoe(BACKBONE, TWO, gate=heads.linear(3)), np.ones((2, 5)), 'A gate over 8'),
        (sharing.multi_input(sharing.hard(BACKBONE, TWO)), np.ones((2, 5)), 'expects {task: x}'),
        (sharing.mmoe(BACKBONE, TWO), np.ones((2, 5), int), 'A gate reads floats'),
        (sharing.dselect_k(BACKBONE, TWO), np.ones((2, 5), int), 'A gate reads floats'),
        (sharing.esmm(BACKBONE, TWO), np.ones((3, 5)), 'logits of one shape'),
        (sharing.aitm(BACKBONE, TWO), np.ones((3, 5)), 'logits of one shape'),
    ],
)
def test_inputs_that_do_not_fit(model, x, message):
    x = x.astype(np.float32) if x.dtype == float else x
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda k: model.apply(*model.init(k, x), x)[0], jax.random.key(0))
