"""The results of a model that always predicts the same."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Dataset, MultiTask
from mtljax.losses import expand
from mtljax.module import multitask
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._ignored import with_ignored

_EXAMPLES = 10_000


def constant_baseline(model: MultiTask, dataset: Dataset) -> Results:
    """Compute the test results of a constant prediction, which a useful model should beat.

    The prediction is the same for every example. For real-valued targets, it is the mean of the
    targets. For integer or boolean targets, the logits are the logarithms of the class frequencies,
    or the log-odds if the model predicts a single logit. If an example has several targets, for
    example one per pixel, each of them has its own constant. The constants are computed from the
    labels of at most 10,000 training examples. They do not depend on the metrics.

    Args:
      model: The multi-task model. The function uses only the shapes of its predictions.
      dataset: The data set. The constants are computed on the training split and evaluated on the
        test split.

    Returns:
      The results ``{task: {'loss': ..., metric: ...}}``.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=100, validation=10, test=50)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> constant_baseline(model, digits)['left']['accuracy'] < 0.5
    True
    """
    batch = dataset.train.take(np.arange(min(dataset.train.size, _EXAMPLES)))
    batch = with_ignored(batch, dataset.tasks)
    inputs = dataset.train.example.inputs
    shapes = jax.eval_shape(lambda key: model.apply(*model.init(key, inputs), inputs)[0], _key())
    fixed = {
        task: jax.tree.map(
            lambda y, target, mask=batch.mask[task]: _best(y, jnp.asarray(target), mask),
            shapes[task],
            batch.targets[task],
        )
        for task in model.tasks
    }

    def readout(params, state, x, *, tasks=None, key=None, train=False):
        size = len(jax.tree.leaves(x)[0])
        return jax.tree.map(lambda y: jnp.broadcast_to(y, (size, *y.shape)), params), state

    blind = multitask(_nothing, _same, readout, tasks=model.tasks)
    return evaluator(blind, dataset.tasks, dataset.test)(fixed, {})


def _best(prediction: jax.ShapeDtypeStruct, target: jax.Array, mask: Any) -> jax.Array:
    """Return the constant in the shape of the prediction for one example."""
    rows = jnp.broadcast_to(expand(jnp.asarray(mask), target), target.shape)
    whole = jnp.issubdtype(target.dtype, jnp.integer) or target.dtype == bool
    if whole and len(prediction.shape) > target.ndim:
        return jnp.log(_frequencies(target, rows, prediction.shape[-1]) + 1e-6)
    count = jnp.sum(rows, axis=0)
    mean = jnp.sum(target, axis=0, where=rows, initial=0) / jnp.maximum(count, 1)
    return jnp.log((mean + 1e-6) / (1 - mean + 1e-6)) if whole else mean


def _frequencies(target: jax.Array, rows: jax.Array, classes: int) -> np.ndarray:
    """Return the share of each class at every place, ``[..., C]``, without one-hot arrays."""
    places = target.shape[1:]
    size = math.prod(places)
    kinds = np.arange(size) * classes + np.asarray(target).reshape(-1, size)
    found = np.bincount(kinds[np.asarray(rows).reshape(-1, size)], minlength=size * classes)
    counts = found.reshape(*places, classes).astype(np.float32)
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1)


def _key():
    return jax.eval_shape(lambda: jax.random.key(0))


def _nothing(key, x):
    return {}, {}


def _same(params, state, x, *, key=None, train=False):
    return x, state
