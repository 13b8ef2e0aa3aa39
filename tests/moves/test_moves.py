"""Trained parameters, moved from one sharing scheme to another."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, data, heads, module, moves, sharing, surgery, training, trees
from tests.helpers import assert_close, assert_same, noisy, regression

HEADS = {'wide': heads.linear(3), 'b': heads.linear(), 'a': heads.linear(2)}
TOGETHER = [['wide', 'a'], ['b']]
PLAIN = backbones.mlp((5, 4, 4), activation=jnp.tanh)
NORMED = module.freeze(  # batch norm; the first stage frozen, the second in part
    backbones.resnet((4,), (1,)), lambda path: path.startswith('stage0') or 'Conv_0' in path
)
IMAGES = np.random.default_rng(0).normal(size=(4, 6, 6)).astype(np.float32)
CASES = {'plain': (PLAIN, IMAGES[:, 0]), 'normed': (NORMED, IMAGES)}


def trained(model, x):
    """Parameters and state that no initialisation gives."""
    params, state = model.init(jax.random.key(0), x)
    return noisy(params), jax.tree.map(jnp.abs, noisy(state, 8))


def moved(move, source, model, x):
    return tuple(map(move, source, model.init(jax.random.key(1), x)))


@pytest.mark.parametrize('case', ['plain', pytest.param('normed', marks=pytest.mark.exhaustive)])
def test_copies_of_the_trunk_predict_what_it_predicted(case):
    backbone, x = CASES[case]
    hard = sharing.hard(backbone, HEADS)
    some = {
        'soft': (moves.hard_to_soft, sharing.soft(backbone, HEADS, parallel=[1])),
        'independent': (moves.hard_to_soft, sharing.independent(backbone, HEADS)),
        'grouped': (moves.hard_to_grouped, sharing.grouped(backbone, HEADS, groups=TOGETHER, at=1)),
        'apart': (moves.hard_to_grouped, sharing.grouped(backbone, HEADS, groups=TOGETHER)),
        'branched': (
            moves.hard_to_branched,
            sharing.branched(backbone, HEADS, at={'a': 1, 'b': 0}, own_stages=True),
        ),
        'mmoe': (moves.hard_to_mmoe, sharing.mmoe(backbone, HEADS, num_experts=3)),
        'some': (moves.hard_to_mmoe, sharing.mmoe(backbone, HEADS, start=1, stop=2, gate_at=0)),
        'omoe': (moves.hard_to_mmoe, sharing.omoe(backbone, HEADS, num_experts=2)),
        'dselect_k': (moves.hard_to_mmoe, sharing.dselect_k(backbone, HEADS, num_experts=3)),
    }
    if case == 'normed':  # one is enough where compilation takes longer
        some = {name: some[name] for name in ('soft', 'some', 'grouped', 'branched')}

    @jax.jit
    def predictions():
        source = trained(hard, x)

        def of(model, variables):
            return model.apply(*variables, x)[0]

        expected = of(hard, source)
        actual = {n: of(m, moved(move, source, m, x)) for n, (move, m) in some.items()}
        soft = some['soft'][1]
        there = moved(moves.hard_to_soft, source, soft, x)
        back = moved(moves.soft_to_hard, there, hard, x)
        return expected, actual, source, back

    expected, actual, source, back = predictions()
    for each in actual.values():
        assert_close(each, expected, rtol=1e-5, atol=1e-5)
    assert_close(back, source, rtol=1e-6)


def test_moves_by_name():
    """Parameters and state together; to cross-stitched towers, and to experts with noise."""
    hard, x = sharing.hard(PLAIN, HEADS), IMAGES[:, 0]
    stitched, experts = sharing.cross_stitch(PLAIN, HEADS), sharing.omoe(PLAIN, HEADS)

    @jax.jit
    def both(key):
        source = hard.init(key, x)
        move = moves.between('hard', 'cross_stitch')
        mixed = moves.between('hard', 'omoe', noise=0.1)
        return source, move(source, stitched.init(key, x)), mixed(source, experts.init(key, x), key)

    (source, _), (towers, _), (noisy, _) = both(jax.random.key(0))
    trunk = source['shared']['stage0']['Dense_0']['kernel']
    for tower in towers['shared']['towers']['stage0']['Dense_0']['kernel']:
        np.testing.assert_array_equal(tower, trunk)
    assert_same(towers['task']['heads'], source['task']['heads'])
    one, other, *_ = noisy['shared']['experts']['stage0']['Dense_0']['kernel']
    assert 0.05 < (one - other).std() / trunk.std() < 0.3


@pytest.mark.parametrize(
    ('args', 'noise', 'message'),
    [
        (('hard', 'hard'), 0, "should differ. Found 'hard'"),
        (('hard', 'ple'), 0, 'one of hard to soft, .*Found hard to ple'),
        (('hard', 'soft'), 0.1, 'noise should be 0, because only experts take noise'),
    ],
)
def test_moves_that_do_not_exist(args, noise, message):
    with pytest.raises(ValueError, match=message):
        moves.between(*args, noise=noise)


def test_towers_become_their_average():
    """Whole numbers, such as counts of steps, are those of the first."""
    towers = {'kernel': jnp.array([[1.0, 2.0], [3.0, 7.0]]), 'count': jnp.array([3, 5])}
    heads_of = {'heads': {'a': jnp.ones(2), 'b': jnp.zeros(2)}}
    soft = {'shared': {'stage0': jnp.ones(3)}, 'task': {'towers': {'stage1': towers}, **heads_of}}
    fresh = {'stage0': jnp.zeros(3), 'stage1': {'kernel': jnp.zeros(2), 'count': jnp.array(0)}}
    actual = moves.soft_to_hard(soft, {'shared': fresh, 'task': heads_of})
    trunk = {'stage0': jnp.ones(3), 'stage1': {'kernel': jnp.array([2.0, 4.5]), 'count': 3}}
    assert_close(actual, {'shared': trunk, 'task': heads_of})


def test_noise_is_relative_to_every_leaf_and_spares_gates_and_heads():
    hard = {'shared': {'stage0': {'kernel': jnp.full((40, 50), 3.0), 'bias': jnp.zeros(50)}}}
    hard['task'] = {'heads': {'a': jnp.ones(50)}}
    shapes = jax.tree.map(lambda leaf: jnp.zeros((2, *leaf.shape)), hard['shared'])
    gates = {'gates': {'a': jnp.arange(4.0)}}
    fresh = {'shared': {'experts': shapes}, 'task': {**gates, 'heads': {'a': jnp.zeros(50)}}}

    @jax.jit
    def both(keys):
        """One key per seed, without and with noise."""

        def move(key, noise):
            return moves.hard_to_mmoe(hard, fresh, key, noise=noise)

        return jax.vmap(lambda key: move(key, 0.0))(keys), move(keys[0], 0.1)

    keys = jax.random.split(jax.random.key(0), 2)
    plain, actual = both(keys)
    assert (plain['shared']['experts']['stage0']['kernel'] == 3).all()
    first, second = actual['shared']['experts']['stage0']['kernel'] - 3.0
    np.testing.assert_allclose(
        [first.std(), second.std(), (first - second).std()], [0.3, 0.3, 0.3 * 2**0.5], rtol=0.1
    )
    assert abs(first.mean()) < 0.03
    assert not actual['shared']['experts']['stage0']['bias'].any()
    assert_same(actual['task'], {**gates, 'heads': hard['task']['heads']})


HARD = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': jnp.ones(2)}}}
SOFT = {'shared': {}, 'task': {'towers': {'stage0': jnp.ones((1, 3))}, 'heads': {'a': jnp.ones(2)}}}
MMOE = {'shared': {'experts': {'stage0': jnp.ones((2, 3))}}, 'task': {'heads': {'a': jnp.ones(2)}}}


def with_leaf(tree, path, leaf):
    *parents, last = path.split('/')
    tree = jax.tree.map(lambda x: x, tree)
    inner = tree
    for name in parents:
        inner = inner[name]
    inner[last] = leaf
    return tree


@pytest.mark.parametrize(
    ('move', 'args', 'said'),
    [
        (moves.hard_to_soft, (SOFT, SOFT), r"stages \[\] and \['stage0'\]"),
        (moves.hard_to_soft, (HARD, HARD), "sharing.soft, with 'task/towers'"),
        (moves.hard_to_soft, (HARD['shared'], SOFT), "sharing.hard, with 'shared'"),
        (moves.hard_to_soft, (with_leaf(HARD, 'shared/stage1', 1), SOFT), "'stage1'"),
        (
            moves.hard_to_soft,
            (with_leaf(HARD, 'shared/stage0', jnp.ones(4)), SOFT),
            r'task/towers/stage0: float32\[1, 4\] here, float32\[1, 3\] there',
        ),
        (
            moves.hard_to_soft,
            (with_leaf(HARD, 'task/heads/a', jnp.ones(2, jnp.bfloat16)), SOFT),
            r'task/heads/a: bfloat16\[2\] here, float32\[2\] there',
        ),
        (
            moves.hard_to_soft,
            (with_leaf(HARD, 'task/heads', {'b': jnp.ones(2)}), SOFT),
            'task/heads/a: nothing here',
        ),
        (moves.soft_to_hard, (HARD, HARD), "sharing.soft, with 'task/towers'"),
        (moves.soft_to_hard, (SOFT, with_leaf(HARD, 'shared/stage1', 1)), "'stage1'"),
        (moves.hard_to_mmoe, (HARD, SOFT), "sharing.mmoe, with 'shared/experts'"),
        (moves.hard_to_mmoe, (with_leaf(HARD, 'shared', {'a': 1}), MMOE), "'a'"),
        (
            moves.hard_to_mmoe,
            (with_leaf(HARD, 'shared/stage1', jnp.ones(1)), MMOE),
            r'task/heads/a: nothing here, float32\[2\] there',
        ),
    ],
)
def test_trees_that_do_not_fit(move, args, said):
    with pytest.raises(ValueError, match=said):
        move(*args)


@pytest.mark.parametrize('noise', [-0.1, np.float32(-1), float('nan'), float('inf')])
def test_noise_is_checked(noise):
    with pytest.raises(ValueError, match='noise should be a finite number >= 0'):
        moves.hard_to_mmoe(HARD, MMOE, jax.random.key(0), noise=noise)


def test_noise_needs_a_key():
    with pytest.raises(ValueError, match='key should be a random key'):
        moves.hard_to_mmoe(HARD, MMOE, noise=0.1)


# Two linear tasks of orthogonal weights on a trunk of one unit. A function of one projection v x
# leaves at least 2 - (u_1 v)^2 - (u_2 v)^2 >= 1 of their variances, 1 each: they compete for v.
PAIR = data.mmoe_synthetic(0.0, train=1024, validation=1, test=512, dimension=4, terms=0)
TASKS = dict.fromkeys(PAIR.tasks, regression())
ENDS = {name: task.head for name, task in TASKS.items()}
NARROW = backbones.mlp((1,), activation=jnp.asarray)
MODELS = {
    'hard': sharing.hard(NARROW, ENDS),
    'soft': sharing.soft(NARROW, ENDS),
    'mmoe': sharing.mmoe(NARROW, ENDS, num_experts=2),
}
TX = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(2e-2))
STEPS = {name: training.train_step(each, TASKS, TX) for name, each in MODELS.items()}


def errors(name, params, state, batch):
    """The mean squared error of both tasks."""
    made, _ = MODELS[name].apply(params, state, batch.inputs)
    return jnp.stack([jnp.mean((made[t] - batch.targets[t]) ** 2) for t in TASKS])


def trained_on(name, state, key):
    """The state after 400 steps."""

    def one(state, key):
        rows = jax.random.randint(key, (64,), 0, PAIR.train.size)
        batch = jax.tree.map(lambda leaf: jnp.asarray(leaf)[rows], PAIR.train.arrays)
        return STEPS[name].update(state, batch)[0], None

    return jax.lax.scan(one, state, jax.random.split(key, 400))[0]


def trained_twice(state, keys):
    """Hard sharing after 400 and after 800 steps: one loop is compiled once."""

    def one(state, key):
        state = trained_on('hard', state, key)
        return state, state

    states = jax.lax.scan(one, state, keys)[1]
    return trees.row(states, 0), trees.row(states, 1)


def cosine_of_tasks(params, state):
    """Between the gradients of the two tasks on what is shared."""
    rows = jax.jacrev(lambda p: errors('hard', p, state, PAIR.train.arrays))(params)['shared']
    first, second = jnp.concatenate([leaf.reshape(2, -1) for leaf in jax.tree.leaves(rows)], axis=1)
    return first @ second / (jnp.linalg.norm(first) * jnp.linalg.norm(second))


@pytest.mark.exhaustive
def test_tasks_that_conflict_in_a_trunk_part_in_copies_of_it():
    """At equal further steps, on the same batches; towers and experts start from its optimum."""
    ways = {'soft': moves.hard_to_soft, 'mmoe': moves.hard_to_mmoe}

    def compared(key):
        first, *keys = jax.random.split(key, 3)
        fresh = {name: step.init(first, PAIR.train.example) for name, step in STEPS.items()}
        state, further = trained_twice(fresh['hard'], jnp.stack(keys))
        ends = {'hard': further}
        for name, move in ways.items():
            own = move(state.params, fresh[name].params), move(state.state, fresh[name].state)
            start = fresh[name]._replace(params=own[0], state=own[1])
            ends[name] = trained_on(name, start, keys[1])
        actual = {n: errors(n, end.params, end.state, PAIR.test.arrays) for n, end in ends.items()}
        return cosine_of_tasks(state.params, state.state), actual

    cosines, actual = jax.jit(jax.vmap(compared))(jax.random.split(jax.random.key(0), 3))
    assert (cosines < -0.9).all()
    sums = {name: np.asarray(each).sum(axis=1) for name, each in actual.items()}
    assert (sums['hard'] > 0.8).all()
    assert (sums['soft'] < 0.1).all()
    assert (sums['mmoe'] < 0.1).all()


def test_the_page_on_moves_runs(capsys):
    page = (Path(__file__).parents[2] / 'docs' / 'moves.md').read_text()
    scope = {}
    for block in re.findall(r'```python\n(.*?)```', page, re.DOTALL):
        exec(compile(block, 'moves.md', 'exec'), scope)
    assert scope['digits'].train.example.inputs.shape[1:] == scope['x'].shape[1:]
    assert scope['start'].params['shared']['experts']['stage0']['Dense_0']['bias'].shape == (4, 32)
    assert capsys.readouterr().out.count('| shared ') == 2
