"""Every backbone and every sharing scheme can be exported with a symbolic number of rows."""

import jax
import numpy as np
import pytest
from jax import export

from experiments.selfcheck.export_networks import NETWORKS, inputs_of
from experiments.selfcheck.sharing_problem import tasks_of
from experiments.selfcheck.sharing_schemes import SCHEMES, VARIANTS, build
from mtljax import backbones, sharing
from tests.serving.names import some


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


@pytest.mark.parametrize('name', some(NETWORKS, ['lenet', 'tabular', 'transformer', 'unet']))
def test_every_backbone(name):
    backbone, shape, ends = NETWORKS[name]
    check(sharing.hard(backbone, ends), inputs_of(shape))


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
    assert set(backbones.__all__) - {'on_images'} <= set(NETWORKS)
