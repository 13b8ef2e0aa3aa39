"""Encoder-decoders: values, skips between stages, and every scheme on them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.selfcheck.sharing_schemes import build
from mtljax import (
    Batch,
    Module,
    Task,
    backbones,
    heads,
    sharing,
    surgery,
    training,
)
from mtljax.backbones._unpool import pool_with_places, unpool
from mtljax.module import WithSkips, features_of
from mtljax.sharing._gate import mixture
from tests.sharing import schemes

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
SEGNET = backbones.segnet((4, 6), (1, 1))
UNET = backbones.unet((4, 6, 8))
IMAGES = RNG.normal(size=(2, 8, 12, 3)).astype(np.float32)
SHAPES = {  # features after each stage, shapes of the skips after each stage
    'segnet': (
        SEGNET,
        (8, 12),
        [(4, 6, 4), (2, 3, 6), (4, 6, 4), (8, 12, 4)],
        [[(4, 6, 4)], [(4, 6, 4), (2, 3, 6)], [(4, 6, 4)], []],
    ),
    'unet': (
        UNET,
        (7, 9),
        [(7, 9, 4), (4, 5, 6), (2, 3, 8), (4, 5, 6), (7, 9, 4)],
        [[], [(7, 9, 4)], [(7, 9, 4), (4, 5, 6)], [(7, 9, 4)], []],
    ),
}


def walk(stages, x, **options):
    """Parameters, state and output of every stage, by shape."""
    for stage in stages:
        params, state = jax.eval_shape(stage.init, KEY, x)
        x = jax.eval_shape(
            lambda p, s, x, f=stage.apply: f(p, s, x, **options)[0], params, state, x
        )
        yield params, state, x


@pytest.mark.parametrize('norm', ['batch', 'group'])
@pytest.mark.parametrize('name', SHAPES)
def test_stages(name, norm):
    _, size, features, skips = SHAPES[name]
    options = {'norm': norm, 'groups': 2, 'dtype': jnp.bfloat16}
    stages = (
        backbones.segnet((4, 6), (1, 1), **options)
        if name == 'segnet'
        else backbones.unet((4, 6, 8), **options)
    )
    actual = list(walk(stages, np.zeros((2, *size), np.float32), train=True))
    outputs = [features_of(y) for _, _, y in actual]
    assert [y.shape for y in outputs] == [(2, *shape) for shape in features]
    kept = [y.skips if isinstance(y, WithSkips) else () for _, _, y in actual]
    assert [[leaf.shape[1:] for leaf in row] for row in kept] == skips
    assert {y.dtype for y in outputs} == {np.dtype(jnp.bfloat16)}
    assert bool(jax.tree.leaves([state for _, state, _ in actual])) == (norm == 'batch')


def count(stages, size):
    rows = walk(stages, np.zeros((1, size, size, 3), np.float32))
    return sum(math.prod(leaf.shape) for params, _, _ in rows for leaf in jax.tree.leaves(params))


def convolution(first, last):
    """A 3x3 kernel, and the scale and bias of a norm."""
    return 9 * first * last + 2 * last


def test_parameter_counts():
    """The 13 convolutions of VGG-16 and their mirror images; a U-Net of five levels."""
    widths, depths = [64, 128, 256, 512, 512], [2, 2, 3, 3, 3]
    pairs = zip([3, *widths], widths, depths, strict=False)
    expected = sum(convolution(a, b) + (n - 1) * convolution(b, b) for a, b, n in pairs)
    pairs = zip(widths, [64, *widths], depths, strict=False)
    expected += sum(convolution(a, b) + (n - 1) * convolution(b, b) for a, b, n in pairs)
    assert count(backbones.segnet(), 32) == expected
    widths = [64, 128, 256, 512, 1024]
    pairs = list(zip([3, *widths], widths, strict=False))
    expected = sum(convolution(a, b) + convolution(b, b) for a, b in pairs)
    up = [4 * b * a + a + convolution(2 * a, a) + convolution(a, a) for a, b in pairs[1:]]
    assert count(backbones.unet(), 32) == expected + sum(up)


def test_unpooling_puts_every_maximum_back():
    """Of equals the first is taken, and gets the gradient."""
    x = RNG.normal(size=(2, 4, 6, 3)).astype(np.float32)
    x[0, :2, :2, 0], x[1, 2:, 4:, 1] = [[1, 7], [7, 7]], np.nan

    @jax.jit
    def run(x):
        pooled, places = pool_with_places(x)
        gradient = jax.grad(lambda x: pool_with_places(x)[0][:1].sum())(x)
        return pooled, places, unpool(pooled, places), gradient

    pooled, places, back, gradient = jax.device_get(run(x))
    for index in np.ndindex(2, 2, 3, 3):
        image, row, column, channel = index
        window = (image, slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2), channel)
        first = int(np.argmax(x[window]))
        assert places[index] == first
        expected = np.zeros(4, np.float32)
        expected[first] = x[window].max()
        np.testing.assert_array_equal(back[window].reshape(-1), expected)
        np.testing.assert_array_equal(pooled[index], x[window].max())
        marked = (np.arange(4) == first) & (image == 0)
        np.testing.assert_array_equal(gradient[window].reshape(-1), marked)


def test_rows_with_skips_under_a_gate():
    """Floats are mixed; integers are those of the likeliest expert of each example."""
    weights = np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]], np.float32)
    gate = Module(lambda key, x: ({}, {}), lambda p, s, x, **_: (jnp.asarray(weights), s))
    rows = RNG.normal(size=(3, 2, 4)).astype(np.float32)
    places = RNG.integers(4, size=(3, 2, 4)).astype(np.uint8)
    mix = mixture(gate, 3)
    groups = [WithSkips(rows[at], (places[at], rows[at])) for at in (slice(1), slice(1, 3))]
    z = (WithSkips(np.ones((2, 5), np.float32), (places[0],)), *groups)
    params, state = mix.init(KEY, z)
    actual, _ = jax.jit(mix.apply)(params, state, z)
    expected = np.einsum('be,ebc->bc', weights, rows)
    np.testing.assert_allclose(actual.features, expected, rtol=1e-5)
    np.testing.assert_allclose(actual.skips[1], expected, rtol=1e-5)
    np.testing.assert_array_equal(actual.skips[0], [places[1, 0], places[0, 1]])


def tasks_of(scheme, names=('wide', 'a')):
    if scheme.tasks == 'logits':
        return {n: Task(heads.linear(), optax.sigmoid_binary_cross_entropy) for n in names}
    return {n: Task(heads.pixel(2, (8, 12)), optax.l2_loss) for n in names}


ONE_LEVEL = backbones.segnet((4,), (1,))
ON_SEGNET = """branched, soft above, cross_stitch some, sluice, nddr plain, mmoe some, cgc some,
ple two, adatt common, film late, adapters, task_token, aitm late"""
ON_UNET = ['cross_stitch some', 'ple shared', 'mtan']
ROWS = [(name.strip(), SEGNET) for name in ON_SEGNET.split(',')]
ROWS += [(name, backbones.unet((4, 6))) for name in ON_UNET]


FEW = ('cross_stitch some', 'mmoe some', 'film late', 'mtan')
MARKED = [
    pytest.param(*row, id=row[0], marks=[] if row[0] in FEW else [pytest.mark.exhaustive])
    for row in ROWS
]


@pytest.mark.parametrize(('name', 'backbone'), MARKED)
def test_schemes_with_units_between_stages_take_them(name, backbone):
    scheme = schemes.ROWS[name]
    model = build(scheme, backbone, tasks_of(scheme))

    def run():
        params, state = model.init(KEY, IMAGES)
        return state, *model.apply(params, state, IMAGES, train=True, key=KEY)

    before, predictions, after = jax.eval_shape(run)
    shape = (2,) if scheme.tasks == 'logits' else (2, 8, 12, 2)
    assert {y.shape for y in predictions.values()} == {shape}
    assert jax.tree.all(
        jax.tree.map(lambda a, b: (a.shape, a.dtype) == (b.shape, b.dtype), before, after)
    )


def images_batch(tasks):
    targets = {n: np.abs(IMAGES[..., :2]) for n in tasks}
    return Batch(IMAGES, targets, {n: np.ones(2, bool) for n in tasks})


HEAVY = [pytest.param(n, marks=pytest.mark.exhaustive) for n in ('cross_stitch', 'mmoe', 'mtan')]


@pytest.mark.parametrize('name', ['hard', *HEAVY])
def test_they_train_with_batch_norm(name):
    """Both losses fall, and every running statistic moves."""
    scheme = schemes.ROWS[name]
    tasks = tasks_of(scheme)
    model = build(scheme, ONE_LEVEL, tasks)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(0.01))
    step = training.train_step(model, tasks, tx)
    batch = images_batch(tasks)

    @jax.jit
    def run():
        start = step.init(KEY, batch)
        state, info = jax.lax.scan(lambda s, _: step.update(s, batch), start, length=12)
        return start.state, state.state, info['loss']

    start, end, actual = jax.device_get(run())
    assert all(actual[n][-1] < 0.8 * actual[n][0] for n in tasks)
    for key in ('shared', 'task'):
        for one, other in zip(*(jax.tree.leaves(s[key]) for s in (start, end)), strict=True):
            assert (one != other).any()


def test_units_that_change_nothing():
    """Identity cross-stitches give independent towers; modulation starts as hard sharing."""
    own = {n: task.head for n, task in tasks_of(schemes.ROWS['hard']).items()}
    models = {
        'hard': sharing.hard(SEGNET, own),
        'film': sharing.film(SEGNET, own),
        'independent': sharing.independent(SEGNET, own),
        'stitch': sharing.cross_stitch(SEGNET, own, own=1.0),
    }

    @jax.jit
    def run():
        made = {name: model.init(KEY, IMAGES) for name, model in models.items()}
        single = made['independent'][0]['task']
        made['stitch'][0]['shared']['towers'] = single['towers']
        made['film'][0]['shared'] = made['hard'][0]['shared']
        for name, like in (('stitch', 'independent'), ('film', 'hard')):
            made[name][0]['task']['heads'] = made[like][0]['task']['heads']
        return {name: models[name].apply(*made[name], IMAGES)[0] for name in models}

    actual = jax.device_get(run())
    for name, like in (('stitch', 'independent'), ('film', 'hard')):
        for task in own:
            np.testing.assert_allclose(actual[name][task], actual[like][task], rtol=1e-4, atol=1e-5)
    assert np.abs(actual['hard']['a']).max() > 0.01


def test_engines_agree_where_integers_cross_the_cut():
    tasks = tasks_of(schemes.ROWS['hard'])
    model = sharing.film(ONE_LEVEL, {n: task.head for n, task in tasks.items()})
    batch = images_batch(tasks)

    def updated(engine):
        tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
        step = training.train_step(model, tasks, tx, engine=engine)
        return step.update(step.init(KEY, batch), batch)[0].params

    actual = jax.jit(lambda: {engine: updated(engine) for engine in ('batched', 'lean')})()
    for one, other in zip(*map(jax.tree.leaves, actual.values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ('backbone', 'x', 'match'),
    [
        (SEGNET, IMAGES[:, :6], r'even at every encoder.*\(3, 6\)'),
        (SEGNET, IMAGES[0, 0], r'segnet should read images.*\(12, 3\)'),
        (UNET, IMAGES[0, 0], r'unet should read images.*\(12, 3\)'),
    ],
)
def test_inputs_that_do_not_fit(backbone, x, match):
    with pytest.raises(ValueError, match=match):
        list(walk(backbone, x))


@pytest.mark.parametrize(
    ('backbone', 'match'),
    [
        (lambda: backbones.segnet((4,), (1, 1)), 'equally long'),
        (lambda: backbones.segnet((), ()), r'Found widths = \(\)'),
        (lambda: backbones.segnet((4,), (0,)), r'Found depths = \(0,\)'),
        (lambda: backbones.segnet(norm='layer'), "Found norm = 'layer'"),
        (lambda: backbones.unet((6,), norm='group', groups=4), 'groups should divide'),
        (lambda: backbones.unet(3), 'Found widths = 3'),
    ],
)
def test_options_out_of_range(backbone, match):
    with pytest.raises(ValueError, match=match):
        backbone()
