"""Schemes that must agree with one another, and how many parameters each has."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, heads, moves, sharing, training, trees
from tests.helpers import assert_close, noisy, small_batch, small_tasks

NAMES = ('wide', 'b')
HEADS = {'wide': heads.linear(3), 'b': heads.linear(1)}
LOGITS = {name: heads.linear() for name in ('view', 'click', 'buy')}
BACKBONE = backbones.mlp((4, 4), activation=jnp.tanh)
KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def copies_of(single, count):
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * count), single)


def test_towers_that_do_not_mix_are_independent():
    """Identity units, one-hot gates and no penalty: the same predictions and tower gradients."""
    alone = sharing.independent(BACKBONE, HEADS)
    mixed = {
        'cross_stitch': sharing.cross_stitch(BACKBONE, HEADS, own=1.0),
        'per channel': sharing.cross_stitch(BACKBONE, HEADS, own=1.0, per_channel=True),
        'nddr': sharing.nddr(BACKBONE, HEADS, own=1.0, norm=False),
        'sluice': sharing.sluice(BACKBONE, HEADS, own=1.0, mixture=False),
    }
    experts = sharing.mmoe(BACKBONE, HEADS, num_experts=2)

    first = {model: model.init(KEY, X) for model in (alone, experts, *mixed.values())}
    params = noisy(first[alone][0])

    @jax.jit
    def compare(params):
        def graded(model, params, towers):
            def total(params):
                made = model.apply(params, first[model][1], X)[0]
                return sum(jnp.sum(y**2) for y in made.values()), made

            grads, made = jax.grad(total, has_aux=True)(params)
            return made, towers(grads)

        expected = graded(alone, params, lambda g: g['task']['towers'])
        actual = {}
        for name, model in mixed.items():
            start = moves.single_to_cross_stitch(params, first[model][0])
            actual[name] = graded(model, start, lambda g: g['shared']['towers'])
        gates = {
            name: {'Dense_0': {'kernel': jnp.zeros((5, 2)), 'bias': 100.0 * jnp.eye(2)[at]}}
            for at, name in enumerate(NAMES)
        }
        start = {
            'shared': {'experts': params['task']['towers']},
            'task': {'gates': gates, 'heads': params['task']['heads']},
        }
        actual['mmoe'] = graded(experts, start, lambda g: g['shared']['experts'])
        return expected, actual

    expected, actual = compare(params)
    for each in actual.values():
        assert_close(each, expected, rtol=1e-5, atol=1e-6)


def test_one_expert_and_fresh_adapters_are_hard_sharing():
    hard = sharing.hard(BACKBONE, HEADS)
    others = {
        'mmoe': sharing.mmoe(BACKBONE, HEADS, num_experts=1),
        'omoe': sharing.omoe(BACKBONE, HEADS, num_experts=1),
        'ple': sharing.ple(BACKBONE, HEADS, levels=[2], num_shared=1, num_own=0),
        'cgc': sharing.cgc(BACKBONE, HEADS, num_shared=1, num_own=0),
        'branched': sharing.branched(BACKBONE, HEADS, at=dict.fromkeys(NAMES, 2)),
        'film': sharing.film(BACKBONE, HEADS),
        'adapters': sharing.adapters(BACKBONE, HEADS),
    }

    def started(name, fresh, params):
        """The parameters of hard sharing, in the places of another scheme."""
        shared, task = dict(fresh['shared']), {**fresh['task'], 'heads': params['task']['heads']}
        if name in ('mmoe', 'omoe'):
            shared['experts'] = copies_of(params['shared'], 1)
        elif name in ('ple', 'cgc'):
            shared['level0'] = {'experts': copies_of(params['shared'], 1)}
        else:
            shared = params['shared']
        return {'shared': shared, 'task': task}

    params, state = hard.init(KEY, X)
    params = noisy(params)
    first = {name: model.init(KEY, X) for name, model in others.items()}
    starts = {name: (started(name, fresh, params), own) for name, (fresh, own) in first.items()}

    @jax.jit
    def predictions(starts):
        return {name: others[name].apply(*start, X)[0] for name, start in starts.items()}

    expected, actual = hard.apply(params, state, X)[0], predictions(starts)
    for each in actual.values():
        assert_close(each, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.exhaustive
def test_extraction_with_shared_experts_alone_is_mmoe():
    mmoe = sharing.mmoe(BACKBONE, HEADS, num_experts=3)
    ple = sharing.ple(BACKBONE, HEADS, levels=[2], num_shared=3, num_own=0)

    (params, state), (fresh, other) = mmoe.init(KEY, X), ple.init(KEY, X)
    params = noisy(params)
    start = {
        'shared': {'level0': {'experts': params['shared']['experts']}},
        'task': {
            'extraction': {t: {'level0': {'gate': params['task']['gates'][t]}} for t in NAMES},
            'heads': params['task']['heads'],
        },
    }
    assert jax.tree.structure(start) == jax.tree.structure(fresh)
    assert_close(mmoe.apply(params, state, X)[0], ple.apply(start, other, X)[0])


D, H, OUTPUTS = 5, 4, 3 + 1
LAYERS = (D * H + H) + (H * H + H)
TOPS = OUTPUTS * H + OUTPUTS


@pytest.mark.parametrize(
    ('model', 'expected'),
    [
        (sharing.hard(BACKBONE, HEADS), LAYERS + TOPS),
        (sharing.independent(BACKBONE, HEADS), 2 * LAYERS + TOPS),
        (sharing.soft(BACKBONE, HEADS, parallel=[1]), LAYERS + (H * H + H) + TOPS),
        (sharing.cross_stitch(BACKBONE, HEADS), 2 * LAYERS + 2 * 2 * 2 + TOPS),
        (sharing.cross_stitch(BACKBONE, HEADS, per_channel=True), 2 * LAYERS + 8 * H + TOPS),
        (sharing.sluice(BACKBONE, HEADS), 2 * LAYERS + 2 * (4 * 4) + 2 * 2 + TOPS),
        (sharing.nddr(BACKBONE, HEADS, norm=False), 2 * LAYERS + 4 * 2 * H * H + TOPS),
        (sharing.mmoe(BACKBONE, HEADS, num_experts=3), 3 * LAYERS + 2 * (3 * D + 3) + TOPS),
        (sharing.omoe(BACKBONE, HEADS, num_experts=3), 3 * LAYERS + (3 * D + 3) + TOPS),
        (
            sharing.dselect_k(BACKBONE, HEADS, num_experts=5, k=2),
            5 * LAYERS + 2 * (2 * 3 + 2) * (D + 1) + TOPS,
        ),
        (sharing.cgc(BACKBONE, HEADS), 3 * LAYERS + 2 * 2 * (D + 1) + TOPS),
        (
            sharing.ple(BACKBONE, HEADS),
            3 * LAYERS + (2 * 2 + 3) * (D + 1) + 2 * 2 * (H + 1) + TOPS,
        ),
        (
            sharing.adatt(BACKBONE, HEADS),
            2 * LAYERS + 2 * 2 * (D + 1) + 2 * 2 * (H + 1) + 4 + TOPS,
        ),
        (sharing.film(BACKBONE, HEADS), LAYERS + 2 * 2 * 2 * H + TOPS),
        (
            sharing.adapters(BACKBONE, HEADS, width=2),
            LAYERS + 4 * (H * 2 + 2 + 2 * H + H) + TOPS,
        ),
        (
            sharing.mtan(BACKBONE, HEADS, norm=False),
            LAYERS + (H * H + H) + 2 * 3 * (H * H + H) + 2 * (2 * H * H + H) + TOPS,
        ),
        (
            sharing.task_token(BACKBONE, dict.fromkeys(NAMES, heads.linear(3))),
            LAYERS + 2 * D + 3 * H + 3,
        ),
        (sharing.esmm(BACKBONE, LOGITS), LAYERS + 3 * (H + 1)),
        (
            sharing.aitm(BACKBONE, LOGITS),
            3 * LAYERS + 2 * ((H * H + H) + 3 * H * H) + 3 * (H + 1),
        ),
    ],
)
def test_the_number_of_parameters(model, expected):
    params, _ = jax.eval_shape(lambda key: model.init(key, X), jax.random.key(0))
    assert trees.count(params) == expected


def test_trained_towers_start_cross_stitching():
    tasks, batch = small_tasks(), small_batch()
    own = {name: task.head for name, task in tasks.items()}
    alone, stitched = sharing.independent(BACKBONE, own), sharing.cross_stitch(BACKBONE, own)
    tx = optax.chain(optax.sgd(0.1), training.scale_rate('units', 100))

    params = moves.single_to_cross_stitch(
        noisy(alone.init(KEY, batch.inputs)[0]), stitched.init(KEY, batch.inputs)[0]
    )
    ones = jax.tree.map(jnp.ones_like, params)
    updates, _ = tx.update(ones, tx.init(params), params)
    moved = {'units': -10.0, 'towers': -0.1, 'heads': -0.1}
    for path, leaf in jax.tree_util.tree_leaves_with_path(updates):
        np.testing.assert_allclose(leaf, moved[path[1].key], rtol=1e-6)
    with pytest.raises(ValueError, match='Towers and heads should have the same names'):
        moves.single_to_cross_stitch({'task': {'towers': {}, 'heads': {}}}, params)
    with pytest.raises(ValueError, match=r"no parameter lies under \['gates'\]"):
        training.scale_rate('gates', 10).init(params)
