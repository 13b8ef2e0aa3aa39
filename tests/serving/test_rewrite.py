"""Programs in operations that can be converted to ONNX: they compute the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from jax import export, lax
from jax.extend.core import jaxpr_as_fun

from mtljax import backbones, heads, sharing
from mtljax.serving._onnx.rewrite import rewritten

X = np.random.default_rng(0).normal(size=(3, 5, 4, 2)).astype(np.float32)


def of_one_row(kernel, x):
    return lax.conv_general_dilated(
        x[None], kernel, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
    )[0]


def of_many_kernels(x):
    kernels = jnp.asarray(X[:, :3, :2, :, None] * np.ones(4, np.float32))
    return jax.vmap(lambda kernel: jax.vmap(lambda row: of_one_row(kernel, row))(x))(kernels)


def without_entries(x):
    none = x[:, :, :, :0] @ jnp.ones((0, 7))
    return jnp.concatenate([none, x[:, :0] @ jnp.ones((2, 7)), x @ jnp.ones((2, 7))], axis=1)


FUNCTIONS = {  # a function, and operations that are not in the program afterwards
    'pad': (lambda x: jnp.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=3), {'pad'}),
    'pool': (
        lambda x: linen.max_pool(x, (3, 2), (2, 1), ((1, 1), (0, 1))),
        {'reduce_window_max'},
    ),
    'pool all': (lambda x: linen.max_pool(x, (5, 4), (5, 4), 'SAME'), {'reduce_window_max'}),
    'reshape': (lambda x: lax.reshape(x, (2, 60), (3, 0, 1, 2)), set()),
    'grouped convolution': (of_many_kernels, set()),
    'split': (lambda x: jnp.concatenate(jnp.split(x, [0, 2, 2], axis=1)[::-1], axis=1), {'split'}),
    'no entries': (without_entries, set()),
    'unused': (lambda x: (jnp.sin(x), x + 1)[1], {'sin'}),
    'relu': (lambda x: jax.jit(jax.nn.relu)(x), {'jit', 'custom_jvp_call'}),
    'constant': (
        lambda x: x + jnp.cumsum(jnp.exp(jnp.ones((1, 1, 1, 2))), axis=3),
        {'exp', 'cumsum'},
    ),
    'loop': (lambda x: lax.fori_loop(0, 3, lambda i, y: y + i * x, x), set()),
}


@pytest.mark.parametrize('name', FUNCTIONS)
def test_the_same_numbers(name):
    function, gone = FUNCTIONS[name]
    program = rewritten(function, [jax.ShapeDtypeStruct(X.shape, X.dtype)])
    (found,) = jaxpr_as_fun(program)(X)
    np.testing.assert_allclose(found, function(X), rtol=1e-6, atol=1e-6)
    names = {equation.primitive.name for equation in program.jaxpr.eqns}
    assert not names & gone
    assert all(
        equation.params['dimensions'] is None
        for equation in program.jaxpr.eqns
        if equation.primitive.name == 'reshape'
    )


@pytest.mark.parametrize('name', [name for name in FUNCTIONS if name != 'reshape'])
def test_any_number_of_rows(name):
    (rows,) = export.symbolic_shape('rows')
    program = rewritten(FUNCTIONS[name][0], [jax.ShapeDtypeStruct((rows, *X.shape[1:]), X.dtype)])
    assert rows in program.out_avals[0].shape


def test_weights_alone_are_computed():
    """The token of a task and standardised kernels are constants of the program."""
    model = sharing.task_token(backbones.mlp((8,)), dict.fromkeys('ab', heads.linear()))
    params, state = model.init(jax.random.key(0), np.ones((2, 4), np.float32))
    shape = jax.ShapeDtypeStruct((2, 4), np.float32)
    program = rewritten(lambda x: model.apply(params, state, x)[0], [shape])
    reads_input = set(program.jaxpr.invars)
    for equation in program.jaxpr.eqns:
        assert reads_input & {each for each in equation.invars if not hasattr(each, 'val')}
        reads_input.update(equation.outvars)


def test_what_is_refused():
    with pytest.raises(ValueError, match='Found reduce_prod of an array without entries'):
        rewritten(lambda x: x.prod(axis=1), [jax.ShapeDtypeStruct((2, 0), np.float32)])
