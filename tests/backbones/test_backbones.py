"""Backbones: stages, dtypes, parameters, state and values."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import backbones
from tests.helpers import sampled

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
IMAGES = RNG.normal(size=(2, 8, 12)).astype(np.float32)
COLOURS = RNG.normal(size=(2, 9, 9, 3)).astype(np.float32)
TOKENS = RNG.integers(11, size=(2, 7)).astype(np.int32)
VECTORS = RNG.normal(size=(2, 7, 5)).astype(np.float32)
ROWS = {
    'categorical': RNG.integers(3, size=(2, 3)).astype(np.int32),
    'numeric': RNG.normal(size=(2, 4)).astype(np.float32),
}
SMALL = {'max_length': 9}
STAGES = {  # factory, options, inputs, shape after each stage
    'mlp': (backbones.mlp, {'widths': (8, 4)}, IMAGES, [(2, 8), (2, 4)]),
    'lenet': (backbones.lenet, {'width': 8}, IMAGES, [(2, 4, 6, 10), (2, 2, 3, 20), (2, 8)]),
    'resnet': (
        backbones.resnet,
        {},
        IMAGES,
        [(2, 8, 12, 16), (2, 8, 12, 16), (2, 4, 6, 32), (2, 2, 3, 64)],
    ),
    'resnet, group norm': (
        backbones.resnet,
        {'widths': (4, 8), 'blocks': (1, 2), 'norm': 'group', 'groups': 4},
        COLOURS,
        [(2, 9, 9, 4), (2, 9, 9, 4), (2, 5, 5, 8)],
    ),
    'resnet, large stem': (
        backbones.resnet,
        {'widths': (4, 8), 'blocks': (1, 1), 'stem': 'large', 'bottleneck': True},
        COLOURS,
        [(2, 3, 3, 4), (2, 3, 3, 16), (2, 2, 2, 32)],
    ),
    'resnet, dilated': (
        backbones.resnet,
        {'widths': (4, 4, 4, 4), 'stem': 'large', 'output_stride': 8},
        np.zeros((1, 65, 32, 3), np.float32),
        [(1, 17, 8, 4), (1, 17, 8, 4), (1, 9, 4, 4), (1, 9, 4, 4), (1, 9, 4, 4)],
    ),
    'efficientnet_lite0': (
        backbones.efficientnet_lite0,
        {'width': 0.25},
        np.zeros((1, 65, 32, 3), np.float32),
        [
            *((1, 33, 16, 8), (1, 33, 16, 8), (1, 17, 8, 8), (1, 9, 4, 16)),
            *((1, 5, 2, 24), (1, 5, 2, 32), (1, 3, 1, 48), (1, 3, 1, 80), (1, 3, 1, 320)),
        ],
    ),
    'tabular': (
        backbones.tabular,
        {'cardinalities': [3, 4, 5], 'numeric': 4, 'widths': (8, 6)},
        ROWS,
        [(2, 16), (2, 8), (2, 6)],
    ),
    'tokens': (backbones.transformer, {'vocabulary': 11, **SMALL}, TOKENS, 3 * [(2, 7, 64)]),
    'patches': (backbones.transformer, {'patch': 4, **SMALL}, IMAGES, 3 * [(2, 6, 64)]),
    'vectors': (backbones.transformer, {'causal': True, **SMALL}, VECTORS, 3 * [(2, 7, 64)]),
}


def walk(stages, x, **options):
    """``(params, state, output)`` of every stage, by shape."""
    actual = []
    for stage in stages:
        params, state = jax.eval_shape(stage.init, KEY, x)
        x, written = jax.eval_shape(
            lambda p, s, x, f=stage.apply: f(p, s, x, **options), params, state, x
        )
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), written) == jax.tree.map(
            lambda leaf: (leaf.shape, leaf.dtype), state
        )
        actual.append((params, state, x))
    return actual


def count(stages, x):
    return sum(math.prod(p.shape) for p in jax.tree.leaves([row[0] for row in walk(stages, x)]))


@pytest.mark.parametrize('dtype', sampled([jnp.float32, jnp.bfloat16], [jnp.float32]))
@pytest.mark.parametrize(('factory', 'options', 'x', 'shapes'), STAGES.values(), ids=STAGES)
def test_stages(factory, options, x, shapes, dtype):
    actual = walk(factory(**options, dtype=dtype), x, train=True)
    assert [row[2].shape for row in actual] == shapes
    assert {row[2].dtype for row in actual} == {np.dtype(dtype)}
    assert {leaf.dtype for row in actual for leaf in jax.tree.leaves(row[:2])} <= {
        np.dtype(np.float32)
    }


@pytest.mark.parametrize('dropout', ['tabular', 'tokens'])
def test_dropout_needs_a_key(dropout):
    factory, options, x, _ = STAGES[dropout]
    stages = factory(**options, dropout=0.5)
    walk(stages, x)
    with pytest.raises(ValueError, match='pass key='):
        walk(stages, x, train=True)


def test_skipping_blocks_needs_a_key():
    stages = backbones.efficientnet_lite0(width=0.25, drop=0.5)[:3]
    x = np.zeros((2, 16, 16, 3), np.float32)
    walk(stages, x)
    with pytest.raises(ValueError, match='pass key='):
        walk(stages, x, train=True)
    walk(stages, x, train=True, key=KEY)


@pytest.mark.exhaustive
def test_published_parameter_counts():
    """Those of torchvision without the last layer."""
    images = np.zeros((1, 64, 64, 3), np.float32)
    for depth, expected in ((18, 11_176_512), (34, 21_284_672), (50, 23_508_032)):
        assert count(backbones.resnet(depth), images) == expected
    assert count(backbones.efficientnet_lite0(), images) == 4_652_008 - 1_281_000


def test_parameter_counts():
    block = 12 * 64**2 + 13 * 64
    norm = 2 * 64
    transformer = backbones.transformer
    positions = 9 * 64
    assert count(transformer(2, **SMALL), VECTORS) == 6 * 64 + positions + 2 * block + norm
    words = transformer(1, vocabulary=11, **SMALL)
    assert count(words, TOKENS) == 11 * 64 + positions + block + norm
    squares = transformer(1, patch=3, **SMALL)
    assert count(squares, COLOURS) == 28 * 64 + positions + block + norm
    table = backbones.tabular([3, 4, 5], 4, embedding=[2, 3, 2], widths=(8,))
    assert count(table, ROWS) == (4 + 6) * 2 + 5 * 3 + (11 + 1) * 8


def test_columns():
    """Unknown categories are the last row of their column, which starts at 0."""
    stage = backbones.tabular([3, 4, 5], 2, embedding=[2, 3, 2], widths=(8,))[0]
    rows = np.array([[0, 3, 4], [2, 0, 0], [3, -1, 200]])
    numbers = RNG.normal(size=(3, 2)).astype(np.float32)
    inputs = {'categorical': rows.astype(np.uint8), 'numeric': numbers}
    params, state = jax.jit(stage.init)(KEY, inputs)
    actual = np.asarray(jax.jit(stage.apply)(params, state, inputs)[0])
    short, long = (np.asarray(params[f'embedding_{size}']) for size in (2, 3))
    assert (short.shape, long.shape) == ((4 + 6, 2), (5, 3))
    assert not short[[3, 9]].any()
    assert not long[4].any()
    assert np.abs(np.delete(short, [3, 9], 0)).min() > 0
    expected = [
        [*short[0], *short[4 + 4], *long[3], *numbers[0]],
        [*short[2], *short[4 + 0], *long[0], *numbers[1]],
        [*short[3], *short[4 + 5], *long[4], *numbers[2]],
    ]
    np.testing.assert_array_equal(actual, np.array(expected))


def test_columns_of_one_kind():
    numbers = {'numeric': ROWS['numeric']}
    assert walk(backbones.tabular([], 4), numbers)[0][0] == {}
    assert walk(backbones.tabular([], 4), numbers)[0][2].shape == (2, 4)
    categories = {'categorical': ROWS['categorical']}
    assert walk(backbones.tabular(np.array([3, 3, 3])), categories)[0][2].shape == (2, 12)


@pytest.mark.parametrize(
    ('backbone', 'match'),
    [
        (lambda: backbones.resnet((4, 8), (1,)), 'one entry per stage'),
        (lambda: backbones.resnet((), ()), 'widths should be 1 or more whole numbers >= 1'),
        (lambda: backbones.resnet((4, 0), (1, 1)), 'widths should be 1 or more whole numbers >= 1'),
        (lambda: backbones.resnet((4,), (1.5,)), r'Found blocks = \(1.5,\)'),
        (lambda: backbones.resnet(norm='layer'), "Found norm = 'layer'"),
        (lambda: backbones.resnet(stem='tiny'), "stem = 'tiny'"),
        (lambda: backbones.resnet((12,), (1,), norm='group'), 'groups should divide every width'),
        (lambda: backbones.resnet(norm='group', groups=0), 'Found groups = 0'),
        (lambda: backbones.resnet(20), r'one of \[18, 34, 50\].*Found widths = 20'),
        (lambda: backbones.resnet(18, (2, 2)), 'without blocks'),
        (lambda: backbones.resnet(18, output_stride=2), r'one of \[4, 8, 16, 32\]'),
        (lambda: backbones.lenet(()), r'Found features = \(\)'),
        (lambda: backbones.lenet(kernel=0), 'Found kernel = '),
        (
            lambda: backbones.lenet(kernel=(5,)),
            r'each of the 2 convolutions. Found kernel = \(5,\)',
        ),
        (lambda: backbones.lenet(padding='same'), "Found padding = 'same'"),
        (lambda: backbones.efficientnet_lite0(width=0), 'Found width = 0'),
        (lambda: backbones.efficientnet_lite0(drop=1), 'Found drop = 1'),
        (lambda: backbones.tabular([3, 0]), r'Found cardinalities = \[3, 0\]'),
        (lambda: backbones.tabular([3], -1), 'Found numeric = -1'),
        (lambda: backbones.tabular([3], embedding=0), 'Found embedding = 0'),
        (lambda: backbones.tabular([3, 4], embedding=[2]), r'embedding = \[2\] for 2 columns'),
        (lambda: backbones.tabular([]), 'tabular should have a column'),
        (lambda: backbones.tabular([3], widths=()), r'Found widths = \(\)'),
        (lambda: backbones.transformer(0), 'Found depth = 0'),
        (lambda: backbones.transformer(mlp_ratio=0.5), 'Found mlp_ratio = 0.5'),
        (lambda: backbones.transformer(vocabulary=0), 'Found vocabulary = 0'),
        (lambda: backbones.transformer(vocabulary=9, patch=2), 'Only one of vocabulary and patch'),
        (lambda: backbones.transformer(width=10), 'num_heads should divide width'),
        (lambda: backbones.transformer(dropout=1), 'Found dropout = 1'),
    ],
)
def test_options_out_of_range(backbone, match):
    with pytest.raises(ValueError, match=match):
        backbone()


@pytest.mark.parametrize(
    ('backbone', 'x', 'match'),
    [
        (backbones.resnet(), VECTORS[0], r'should read images.*\(7, 5\)'),
        (backbones.lenet(padding='VALID'), COLOURS, 'have 6x6 pixels or more.*Found 2x2'),
        (backbones.lenet(), COLOURS[:, :2], 'have 2x2 pixels or more.*Found 1x4'),
        (backbones.transformer(), TOKENS, r'vectors \[B, L, channels\].*int32\(2, 7\)'),
        (backbones.transformer(vocabulary=9), VECTORS, r'integers \[B, L\].*float32\(2, 7, 5\)'),
        (backbones.transformer(patch=5), IMAGES, r'with sides divisible by 5.*\(2, 8, 12\)'),
        (backbones.transformer(max_length=6), VECTORS, 'at most max_length = 6 positions'),
        (backbones.tabular([3], 4), ROWS, r"'categorical'.*\[B, 1\].*int32\(2, 3\)"),
        (backbones.tabular([3] * 3, 4), ROWS | {'numeric': TOKENS}, r"'numeric'.*int32\(2, 7\)"),
        (backbones.tabular([], 5), VECTORS[0], r"'numeric'.*float32\(7, 5\)"),
    ],
)
def test_inputs_that_do_not_fit(backbone, x, match):
    with pytest.raises(ValueError, match=match):
        walk(backbone, x)
