"""Residual networks: values and batch statistics."""

import jax
import numpy as np
import optax

from mtljax import (
    Batch,
    Task,
    backbones,
    heads,
    losses,
    metrics,
    module,
    sharing,
    surgery,
    training,
)

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
IMAGES = RNG.normal(size=(2, 8, 12)).astype(np.float32)


def convolve(x, kernel, stride=1):
    pad = kernel.shape[0] // 2
    axes = ('NHWC', 'HWIO', 'NHWC')
    padding = [(pad, pad), (pad, pad)]
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), padding, dimension_numbers=axes
    )


def test_batch_norm_of_the_stem():
    stem = backbones.resnet((4,), (1,))[0]
    params, state = jax.jit(stem.init)(KEY, IMAGES)
    apply = jax.jit(stem.apply, static_argnames='train')
    actual, after = apply(params, state, IMAGES, train=True)
    plain = np.asarray(convolve(IMAGES[..., None], params['Conv_0']['kernel']))
    mean, variance = plain.mean((0, 1, 2)), plain.var((0, 1, 2))
    expected = np.maximum((plain - mean) / np.sqrt(variance + 1e-5), 0)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    running = jax.device_get(after)['batch_stats']['BatchNorm_0']
    np.testing.assert_allclose(running['mean'], 0.1 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(running['var'], 0.9 + 0.1 * variance, rtol=1e-4)
    actual, same = apply(params, after, IMAGES)
    expected = (plain - running['mean']) / np.sqrt(running['var'] + 1e-5)
    np.testing.assert_allclose(actual, np.maximum(expected, 0), rtol=1e-4, atol=1e-5)
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, same, after)))


def test_group_norm_has_no_state():
    model = module.serial(*backbones.resnet(norm='group'))
    _, state = jax.eval_shape(model.init, KEY, IMAGES)
    assert jax.tree.leaves(state) == []


def test_residual_blocks():
    """Of a stage that halves the resolution, at the first running statistics."""
    stage = backbones.resnet((4, 6), (1, 2))[2]
    x = RNG.normal(size=(2, 5, 6, 4)).astype(np.float32)

    @jax.jit
    def both(x):
        params, state = stage.init(KEY, x)
        first, second = params['_Block_0'], params['_Block_1']
        scale = (1 + 1e-5) ** -0.5

        def conv(block, index, x, stride=1):
            return scale * convolve(x, block[f'Conv_{index}']['kernel'], stride)

        y = conv(first, 1, jax.nn.relu(conv(first, 0, x, 2)))
        y = jax.nn.relu(y + conv(first, 2, x, 2))
        y = jax.nn.relu(y + conv(second, 1, jax.nn.relu(conv(second, 0, y))))
        return stage.apply(params, state, x)[0], y

    actual, expected = both(x)
    assert actual.shape == (2, 3, 3, 6)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_over_devices():
    """Shards with the name of their axis are one batch."""
    stem = backbones.resnet((4,), (1,), axis_name='devices')[0]
    params, state = jax.jit(stem.init)(KEY, IMAGES)

    def train(x):
        return stem.apply(params, state, x, train=True)

    shards = jax.jit(jax.vmap(train, axis_name='devices'))(IMAGES[:, None])
    whole = jax.jit(jax.vmap(train, axis_name='devices'))(IMAGES[None])
    np.testing.assert_allclose(shards[0][:, 0], whole[0][0], rtol=1e-4, atol=1e-5)
    for one, other in zip(*map(jax.tree.leaves, (shards[1], whole[1])), strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=1e-4, atol=1e-6)


def test_dense_tasks_train():
    """A box and a mask from one backbone: both losses fall, and batch statistics move."""
    masks = (IMAGES > 0.5).astype(np.float32)
    boxes = np.array([[0.2, 0.3, 0.2, 0.1], [0.7, 0.6, 0.4, 0.2]], np.float32)
    tasks = {
        'mask': Task(heads.pixel(None, (8, 12)), optax.sigmoid_binary_cross_entropy),
        'box': Task(heads.box(), losses.smooth_l1, {'iou': metrics.box_iou()}),
    }
    own = {name: task.head for name, task in tasks.items()}
    model = sharing.hard(backbones.resnet((4,), (1,)), own)
    batch = Batch(IMAGES, {'mask': masks, 'box': boxes}, dict.fromkeys(tasks, np.ones(2, bool)))
    tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(0.003))
    step = training.train_step(model, tasks, tx)
    start = state = jax.jit(step.init)(KEY, batch)
    update = jax.jit(step.update)
    actual = []
    for _ in range(30):
        state, info = update(state, batch)
        actual.append(info['loss'])
    assert all(actual[-1][name] < 0.8 * actual[0][name] for name in tasks)
    moved = jax.tree.map(lambda one, other: bool((one != other).any()), start.state, state.state)
    assert all(jax.tree.leaves(moved))


def test_standardised_kernels():
    """Mean 0 and variance 1 for each output channel, so that their scale does not matter."""
    stem = backbones.resnet((4,), (1,), norm='group', groups=2, standardise=True)[0]
    x = RNG.normal(size=(2, 5, 6, 3)).astype(np.float32)

    @jax.jit
    def both(x, scale):
        params, state = stem.init(KEY, x)
        kernel = scale * params['Conv_0']['kernel'] + 0.3
        actual = stem.apply({**params, 'Conv_0': {'kernel': kernel}}, state, x)[0]
        flat = kernel.reshape(27, 4)
        whole = ((flat - flat.mean(0)[None]) / flat.std(0)[None]).reshape(kernel.shape)
        y = convolve(x, whole).reshape(2, 30, 2, 2)
        mean, variance = y.mean((1, 3), keepdims=True), y.var((1, 3), keepdims=True)
        expected = jax.nn.relu((y - mean) * jax.lax.rsqrt(variance + 1e-5))
        return actual, expected.reshape(actual.shape)

    for scale in (np.float32(1), np.float32(50)):
        np.testing.assert_allclose(*both(x, scale), rtol=1e-4, atol=1e-5)
