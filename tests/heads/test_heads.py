"""Heads: shapes, dtypes, parameters and values."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import heads

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
MAP = RNG.normal(size=(2, 4, 6, 5)).astype(np.float32)
SEQUENCE = RNG.normal(size=(2, 7, 5)).astype(np.float32)
SHAPES = {  # factory, options, features, output, number of parameters
    'linear': (heads.linear, (3,), {}, MAP, (2, 3), 120 * 3 + 3),
    'linear, one number': (heads.linear, (), {}, MAP, (2,), 121),
    'linear, pooled': (heads.linear, (3,), {'pool': True}, MAP, (2, 3), 5 * 3 + 3),
    'linear, pooled sequence': (heads.linear, (3,), {'pool': True}, SEQUENCE, (2, 3), 18),
    'linear, nothing to pool': (heads.linear, (3,), {'pool': True}, MAP[:, 0, 0], (2, 3), 18),
    'mlp': (heads.mlp, ((8, 4), 3), {}, MAP, (2, 3), 121 * 8 + 9 * 4 + 5 * 3),
    'mlp, pooled': (heads.mlp, ((8, 4), 3), {'pool': True}, MAP, (2, 3), 6 * 8 + 9 * 4 + 5 * 3),
    'box': (heads.box, (), {}, MAP, (2, 4), 121 * 4),
    'box, pooled': (heads.box, ((8,),), {'pool': True}, MAP, (2, 4), 6 * 8 + 9 * 4),
    'pixel': (heads.pixel, (3, (8, 9)), {}, MAP, (2, 8, 9, 3), 6 * 3),
    'pixel, one number': (heads.pixel, (None, [8, 9]), {}, MAP, (2, 8, 9), 6),
    'pixel, as it is': (heads.pixel, (1,), {}, MAP, (2, 4, 6, 1), 6),
    'pixel, deeper': (heads.pixel, (3, (8, 9)), {'widths': (7,)}, MAP, (2, 8, 9, 3), 46 * 7 + 24),
    'deeplab': (
        heads.deeplab,
        (3, (8, 9)),
        {'width': 4, 'rates': (2,)},
        MAP,
        (2, 8, 9, 3),
        2 * 5 * 4 + 9 * 5 * 4 + 12 * 4 + 9 * 4 * 4 + 5 * 2 * 4 + 5 * 3,
    ),
    'token': (heads.token, (3,), {}, SEQUENCE, (2, 7, 3), 18),
    'token, one number': (heads.token, (), {}, SEQUENCE, (2, 7), 6),
    'token, pooled': (heads.token, (3,), {'pool': 'mean'}, SEQUENCE, (2, 3), 18),
    'token, one pooled number': (heads.token, (), {'pool': 'last'}, SEQUENCE, (2,), 6),
}


@pytest.mark.parametrize('dtype', [None, jnp.bfloat16])
@pytest.mark.parametrize(
    ('head', 'args', 'options', 'features', 'shape', 'count'), SHAPES.values(), ids=SHAPES
)
def test_shapes_and_dtypes(head, args, options, features, shape, count, dtype):
    made = head(*args, **options, dtype=dtype)
    x = jax.ShapeDtypeStruct(features.shape, dtype or jnp.float32)
    params, state = jax.eval_shape(made.init, KEY, x)
    y, _ = jax.eval_shape(made.apply, params, state, x)
    assert (y.shape, y.dtype) == (shape, jnp.float32)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype(np.float32)}
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params)) == count


def values(head, features):
    @jax.jit
    def made(x):
        params, state = head.init(KEY, x)
        return params, head.apply(params, state, x)[0]

    return jax.device_get(made(features))


def test_pooled_features_are_means():
    params, actual = values(heads.linear(3, pool=True), MAP)
    layer = params['Dense_0']
    expected = MAP.mean((1, 2)) @ layer['kernel'] + layer['bias']
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_boxes_lie_in_the_image():
    params, actual = values(heads.box((8,)), 10 * MAP)
    first, second = params['Dense_0'], params['Dense_1']
    hidden = np.maximum(10 * MAP.reshape(2, -1) @ first['kernel'] + first['bias'], 0)
    logits = hidden @ second['kernel'] + second['bias']
    np.testing.assert_allclose(actual, 1 / (1 + np.exp(-logits)), rtol=1e-4, atol=1e-6)


def test_pixels_are_interpolated_logits():
    params, actual = values(heads.pixel(3, (8, 3)), MAP)
    layer = params['Dense_0']
    logits = MAP @ layer['kernel'] + layer['bias']
    up = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])  # of two rows, by half pixels
    rows = np.zeros((8, 4))
    rows[:3, :2], rows[3:5, 1:3], rows[5:, 2:] = up[:3], up[1:3], up[1:]
    shrunk = np.array([[3, 3, 1, 0, 0, 0], [0, 1, 3, 3, 1, 0], [0, 0, 0, 1, 3, 3]])  # a triangle
    columns = shrunk / shrunk.sum(1, keepdims=True)
    expected = np.einsum('Hh,Ww,bhwc->bHWc', rows, columns, logits)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_tokens():
    expected = {None: SEQUENCE, 'mean': SEQUENCE.mean(1)}
    expected |= {'first': SEQUENCE[:, 0], 'last': SEQUENCE[:, -1]}
    for pool, features in expected.items():
        params, actual = values(heads.token(3, pool=pool), SEQUENCE)
        layer = params['Dense_0']
        np.testing.assert_allclose(actual, features @ layer['kernel'] + layer['bias'], atol=1e-5)


def test_dropout_of_a_box_needs_a_key():
    head = heads.box((8,), dropout=0.5)
    variables = jax.eval_shape(head.init, KEY, MAP)
    with pytest.raises(ValueError, match='pass key='):
        jax.eval_shape(lambda p, s, x: head.apply(p, s, x, train=True), *variables, MAP)


@pytest.mark.parametrize(
    ('head', 'match'),
    [
        (lambda: heads.linear(0), 'Found size = 0'),
        (lambda: heads.mlp((8, 0), 2), r'Found widths = \(8, 0\)'),
        (lambda: heads.mlp((8,), dropout=1.0), 'Found dropout = 1.0'),
        (lambda: heads.box((0,)), r'Found widths = \(0,\)'),
        (lambda: heads.pixel(0), 'size should be a whole number >= 1. Found size = 0'),
        (lambda: heads.pixel(widths=(4, 0)), r'Found widths = \(4, 0\)'),
        (lambda: heads.pixel(1, (8,)), r'shape should be \(height, width\).*\(8,\)'),
        (lambda: heads.pixel(1, (8, 0)), r'Found shape = \(8, 0\)'),
        (lambda: heads.deeplab(1, rates=()), r'Found rates = \(\)'),
        (lambda: heads.deeplab(1, width=0), 'Found width = 0'),
        (lambda: heads.token(0), 'size should be a whole number >= 1. Found size = 0'),
        (lambda: heads.token(pool='max'), "Found pool = 'max'"),
    ],
)
def test_options_out_of_range(head, match):
    with pytest.raises(ValueError, match=match):
        head()


@pytest.mark.parametrize(
    ('head', 'features', 'match'),
    [
        (heads.pixel(), SEQUENCE, r'feature map.*Found features of shape \(2, 7, 5\)'),
        (heads.deeplab(), SEQUENCE, r'feature map.*Found features of shape \(2, 7, 5\)'),
        (heads.token(), MAP, r'sequence.*Found features of shape \(2, 4, 6, 5\)'),
    ],
)
def test_features_of_another_rank(head, features, match):
    with pytest.raises(ValueError, match=match):
        jax.eval_shape(head.init, KEY, features)
