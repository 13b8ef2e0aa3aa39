"""Small models, batches and comparisons that several test files use."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import Batch, Task, backbones, gradients, heads, metrics, sharing, training

NAMES = ('wide', 'b', 'a')
DEPTHS = {'b': 1, 'a': 1}


linear = functools.cache(heads.linear)


def sampled(values, usual):
    """Values of a parametrised test: the usual ones run in `make test`, all in `make test-all`."""
    return [v if v in usual else pytest.param(v, marks=pytest.mark.exhaustive) for v in values]


def regression(size=None):
    return Task(linear(size), optax.squared_error, {'mae': metrics.mae()})


def classification(classes=3):
    loss = optax.softmax_cross_entropy_with_integer_labels
    return Task(linear(classes), loss, {'accuracy': metrics.accuracy()})


def small_tasks():
    return {'wide': classification(), 'b': regression(), 'a': regression(2)}


def small_batch(size=8, width=5, seed=0, labels=None):
    """A batch of `small_tasks`; ``labels`` gives the mask of some tasks."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(size, width)).astype(np.float32)
    targets = {
        'wide': rng.integers(3, size=size).astype(np.int32),
        'b': rng.normal(size=size).astype(np.float32),
        'a': rng.normal(size=(size, 2)).astype(np.float32),
    }
    mask = {name: np.ones(size, bool) for name in NAMES} | (labels or {})
    return Batch(inputs, targets, mask)


def small_model(scheme=sharing.hard, widths=(6, 4), tasks=None, **options):
    """A model; the same arguments give the same object, so that jit compiles its init once."""
    tasks = small_tasks() if tasks is None else tasks
    own = tuple((name, task.head) for name, task in tasks.items())
    return _model(scheme, widths, own, tuple(options.items()))


@functools.cache
def _model(scheme, widths, own, options):
    return scheme(backbones.mlp(widths), dict(own), **dict(options))


def stand_in(model, tasks, batch, seed=0, **options):
    """``(params, cut)``: a model at its first parameters, and its losses of one batch."""
    params, state = jax.jit(model.init)(jax.random.key(seed), batch.inputs)
    cut, _ = training.objective(model, tasks, state, batch, jax.random.key(1), **options)
    return params, cut


def noisy(params, seed=7):
    """Every parameter moved at random, so that none sits at a special first value."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda v: v + 0.3 * rng.normal(size=v.shape).astype(v.dtype), params)


def rows_of(losses_of, params, tasks):
    """One ``jax.grad`` per task of the whole model: what every engine should give."""

    def one(params, row):
        return jax.grad(lambda p: losses_of(p) @ row)(params)

    found = jax.jit(jax.vmap(one, in_axes=(None, 0)))(params, np.eye(tasks, dtype=np.float32))
    return jax.device_get(found)


def flops(fn, *args):
    return jax.jit(fn).lower(*args).compile().cost_analysis()['flops']


def jacobian_of(cut, params, engine='batched'):
    return gradients.task_gradients(cut, params, engine=engine, has_aux=True)[1]


def assert_close(found, expected, rtol=1e-5, atol=1e-6):
    chex.assert_trees_all_close(found, expected, rtol=rtol, atol=atol)


def assert_same(found, expected):
    """The same structure and the same bits."""
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(plain(one), plain(other))


def plain(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf)


def avals(tree):
    """Shape, dtype and weakness of every leaf."""
    return [(x.shape, x.dtype, x.aval.weak_type) for x in jax.tree.leaves(tree)]
