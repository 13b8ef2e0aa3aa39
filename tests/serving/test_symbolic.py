"""Every backbone and every sharing scheme can be exported with a symbolic number of rows."""

import jax
import numpy as np
import pytest
from jax import export

from experiments.selfcheck.sharing_problem import tasks_of
from experiments.selfcheck.sharing_schemes import SCHEMES, VARIANTS, build
from mtljax import backbones, heads, sharing
from tests.serving.names import some

PIXELS = {'a': heads.pixel(3), 'b': heads.pixel()}
BOTH = {'a': heads.linear(), 'b': heads.linear(3)}
IMAGE = (33, 35, 3)  # odd sizes need padding
TABLE = {'categorical': np.zeros((5, 2), np.int32), 'numeric': np.ones((5, 4), np.float32)}
NETWORKS = {
    'tabular': (backbones.tabular((3, 5), 4, embedding=(2, 3), widths=(8,)), TABLE, BOTH),
    'lenet': (backbones.lenet(), IMAGE, BOTH),
    'resnet': (backbones.resnet(), IMAGE, BOTH),
    'efficientnet_lite0': (backbones.efficientnet_lite0(), IMAGE, BOTH),
    'segnet': (backbones.segnet((8, 8), (1, 2)), (32, 36, 3), PIXELS),
    'unet': (backbones.unet((4, 8, 8)), IMAGE, PIXELS),
    'transformer': (backbones.transformer(vocabulary=11), (9,), {'a': heads.token(4)}),
    'deeplab': (backbones.resnet(), IMAGE, {'a': heads.deeplab(3)}),
}


def check(model, inputs):
    """A program for any number of rows answers as the model does."""
    params, state = model.init(jax.random.key(0), inputs)

    def answer(params, state, inputs):
        return model.apply(params, state, inputs)[0]

    (rows,) = export.symbolic_shape('rows')
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype), inputs)
    program = export.export(jax.jit(answer))(params, state, shapes)
    found, right = program.call(params, state, inputs), jax.jit(answer)(params, state, inputs)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, right)


def inputs_of(shape):
    rng = np.random.default_rng(0)
    if len(shape) == 1 and shape[0] == 9:
        return rng.integers(11, size=(5, *shape)).astype(np.int32)
    return rng.normal(size=(5, *shape)).astype(np.float32)


@pytest.mark.parametrize('name', some(NETWORKS, ['lenet', 'tabular', 'transformer', 'unet']))
def test_every_backbone(name):
    backbone, inputs, ends = NETWORKS[name]
    inputs = inputs_of(inputs) if isinstance(inputs, tuple) else inputs
    check(sharing.hard(backbone, ends), inputs)


@pytest.mark.parametrize('name', some(SCHEMES | VARIANTS, SCHEMES))
def test_every_scheme(name):
    scheme = (SCHEMES | VARIANTS)[name]
    tasks = tasks_of(scheme.tasks, scheme.num_tasks)
    check(build(scheme, backbones.mlp((8,) * scheme.num_stages), tasks), inputs_of((12,)))


@pytest.mark.parametrize('name', [n for n, s in SCHEMES.items() if s.tasks == 'any'])
@pytest.mark.exhaustive
def test_every_scheme_on_images(name):
    scheme = SCHEMES[name]
    model = build(scheme, backbones.lenet(), tasks_of('any', 2))
    check(model, inputs_of((33, 35, 3)))


def test_every_public_backbone_is_here():
    assert set(backbones.__all__) - {'mlp', 'on_images'} <= set(NETWORKS)
