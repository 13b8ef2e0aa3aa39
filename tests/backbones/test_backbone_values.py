"""Residual networks, LeNet, pixel heads and the loss of a box: values against NumPy."""

import jax
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from mtljax import backbones, data, heads, losses, module

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def values(model, x, state=None):
    """Parameters and state, drawn here so that none is 0 or 1, and the output there."""
    shapes = jax.eval_shape(model.init, KEY, x)
    params = jax.tree.map(lambda leaf: 0.5 * normal(*leaf.shape), shapes[0])
    drawn = jax.tree.map(lambda leaf: RNG.uniform(0.5, 2, leaf.shape).astype(np.float32), shapes[1])
    state = drawn if state is None else state
    assert jax.tree.structure(state) == jax.tree.structure(drawn)
    return params, state, jax.jit(model.apply)(params, state, x)[0]


def windows(x, side, stride, pad, value):
    padding = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    padded = np.pad(x, padding, constant_values=value)
    return sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]


def convolve(x, layer, stride=1, pad=0):
    kernel = layer['kernel']
    seen = windows(x, len(kernel), stride, pad, 0)
    return np.einsum('bhwcij,ijcd->bhwd', seen, kernel) + layer.get('bias', 0)


def max_pool(x, side, stride, pad=0):
    return windows(x, side, stride, pad, -np.inf).max((-2, -1))


def relu(x):
    return np.maximum(x, 0)


def batch_norm(x, layer, running):
    scale = layer['scale'] / np.sqrt(running['var'] + 1e-5)
    return (x - running['mean']) * scale + layer['bias']


def assert_near(actual, expected):
    assert actual.shape == expected.shape
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def bottleneck(x, layers, running, stride):
    def convolved(x, index, stride=1, pad=0):
        y = convolve(x, layers[f'Conv_{index}'], stride, pad)
        return batch_norm(y, layers[f'BatchNorm_{index}'], running[f'BatchNorm_{index}'])

    y = relu(convolved(x, 0))
    y = convolved(relu(convolved(y, 1, stride, pad=1)), 2)
    return relu(y + (convolved(x, 3, stride) if 'Conv_3' in layers else x))


def test_bottlenecks():
    """A projection to more channels; one that halves the size, in the 3x3 layer; an identity."""
    stages = backbones.resnet((3, 2), (1, 2), bottleneck=True)[1:]
    x = normal(2, 5, 6, 3)
    params, state, actual = values(module.serial(*stages), x)
    blocks = [('stage0', 0, 1), ('stage1', 0, 2), ('stage1', 1, 1)]
    for stage, index, stride in blocks:
        layers = params[stage][f'_Block_{index}']
        running = state[stage]['batch_stats'][f'_Block_{index}']
        assert ('Conv_3' in layers) == (index == 0)
        x = bottleneck(x, layers, running, stride)
    assert x.shape == (2, 3, 3, 8)
    assert_near(actual, x)


@pytest.mark.parametrize('size', [(8, 13), (7, 10)])
def test_the_large_stem_pads_both_sides_alike(size):
    """3 at the convolution and 1 at the pool, as in torchvision; the two differ from SAME."""
    stem = backbones.resnet((4,), (1,), stem='large')[0]
    x = normal(2, *size, 3)
    running = {'mean': RNG.normal(size=4), 'var': np.array([1e-5, 0.1, 1, 3])}
    state = {'batch_stats': {'BatchNorm_0': jax.tree.map(np.float32, running)}}
    params, _, actual = values(stem, x, state)
    y = convolve(x, params['Conv_0'], stride=2, pad=3)
    y = relu(batch_norm(y, params['BatchNorm_0'], running))
    assert_near(actual, max_pool(y, 3, 2, pad=1))


def test_group_norm_of_the_stem():
    """Groups are neighbouring channels of one image; epsilon shows where the image is faint."""
    stem = backbones.resnet((6,), (1,), norm='group', groups=2)[0]
    x = normal(3, 4, 5, 2) * np.float32([1, 0.003, 0])[:, None, None, None]
    params, _, actual = values(stem, x)
    y = convolve(x, params['Conv_0'], pad=1)
    for image in y:
        for group in (slice(0, 3), slice(3, 6)):
            part = image[..., group].copy()
            image[..., group] = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
    layer = params['GroupNorm_0']
    assert_near(actual, relu(y * layer['scale'] + layer['bias']))


@pytest.mark.parametrize(
    ('shape', 'options', 'pads', 'size'),
    [
        ((2, 9, 6), {}, (2, 2), (2, 1)),
        ((2, 9, 6, 3), {}, (2, 2), (2, 1)),
        ((2, 14, 12), {'kernel': (3, 2), 'padding': 'VALID'}, (0, 0), (2, 2)),
        ((2, 14, 12, 2), {'kernel': (3, 2), 'padding': 'VALID'}, (0, 0), (2, 2)),
        ((2, 9, 6), {'kernel': (5, 3)}, (2, 1), (2, 1)),
    ],
)
def test_lenet(shape, options, pads, size):
    x = normal(*shape)
    params, _, actual = values(module.serial(*backbones.lenet((4, 5), width=7, **options)), x)
    x = x if x.ndim == 4 else x[..., None]
    for stage, pad in zip(('stage0', 'stage1'), pads, strict=True):
        x = max_pool(relu(convolve(x, params[stage]['Conv_0'], pad=pad)), 2, 2)
    assert x.shape == (2, *size, 5)
    layer = params['stage2']['Dense_0']
    assert_near(actual, relu(x.reshape(2, -1) @ layer['kernel'] + layer['bias']))


@pytest.mark.parametrize('size', [3, None])
def test_convolutions_of_a_pixel_head(size):
    x = normal(2, 4, 6, 5)
    params, _, actual = values(heads.pixel(size, widths=(7, 4)), x)
    for name in ('Conv_0', 'Conv_1'):
        x = relu(convolve(x, params[name], pad=1))
    expected = x @ params['Dense_0']['kernel'] + params['Dense_0']['bias']
    assert_near(actual, expected[..., 0] if size is None else expected)
    assert actual.min() < 0


@pytest.fixture(scope='module')
def box_loss():
    return data.scenes(train=1, validation=1, test=1, tasks=['box']).tasks['box'].loss


def some_boxes(seed):
    """Centres and sizes of boxes whose sides lie on the lines of a grid of 20 by 20."""
    rng = np.random.default_rng(seed)
    low, size = rng.integers(0, 13, (20, 2)), rng.integers(1, 8, (20, 2))
    return (np.hstack([low + size / 2, size]) / 20).astype(np.float32)


def painted(boxes):
    centres = (np.arange(20) + 0.5) / 20
    x, y = (abs(centres - boxes[:, k, None]) < boxes[:, k + 2, None] / 2 for k in (0, 1))
    return y[:, :, None] & x[:, None, :]


def span(line):
    return line.shape[1] - line.argmax(1) - line[:, ::-1].argmax(1)


def box_losses(prediction, target):
    """The four absolute errors and GIoU, of which areas are counted: ``(loss, shared area)``."""
    one, other = painted(prediction), painted(target)
    shared, union = (area.sum((1, 2)) for area in (one & other, one | other))
    hull = span((one | other).any(1)) * span((one | other).any(2))
    errors = abs(prediction - target).sum(1)
    return errors + 1 - shared / union + (hull - union) / hull, shared


def test_the_loss_of_a_box(box_loss):
    prediction, target = some_boxes(1), some_boxes(2)
    expected, shared = box_losses(prediction, target)
    assert 3 <= (shared > 0).sum() <= 17
    np.testing.assert_allclose(jax.jit(box_loss)(prediction, target), expected, rtol=1e-5)


def test_unlabelled_boxes_do_not_matter(box_loss):
    prediction, target, mask = some_boxes(1), some_boxes(2), np.arange(20) % 3 > 0

    @jax.jit
    @jax.value_and_grad
    def mean(prediction, target, mask):
        rows = losses.labelled(prediction, target, mask)
        return losses.masked_mean(box_loss(*rows), mask)

    expected = box_losses(prediction[mask], target[mask])[0].mean()
    spoilt = [np.where(mask[:, None], boxes, np.nan) for boxes in (prediction, target)]
    value, slope = mean(*spoilt, mask)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_array_equal(slope.any(1), mask)
    np.testing.assert_array_equal(slope, mean(prediction, target, mask)[1])
