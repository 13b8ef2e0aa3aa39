"""The test results of a model that always predicts the same."""

import logging
import math

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Dataset, MultiTask
from mtljax.module import multitask
from mtljax.training._best_constant import best_constant
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._ignored import with_ignored
from mtljax.training._select import filled
from mtljax.training._task_loss import labels_of

_EXAMPLES = 10_000
_COMPARED = 1_024  # for a loss that compares examples, which may need memory for all pairs
_log = logging.getLogger(__name__)


def constant_baseline(model: MultiTask, dataset: Dataset) -> Results:
    """Compute the test results of a constant prediction, which a useful model should beat.

    The prediction is the same for every example. It has the smallest mean loss of the task among
    the mean and the median of the targets, logarithms of frequencies, log-odds, and what L-BFGS
    finds from there. If an example has several targets, for example one per pixel, each of them has
    its own constant. The constants are computed from the labels of at most 10,000 training
    examples. They do not depend on the metrics.

    Args:
      model: The multi-task model. The function uses only the shapes of its predictions.
      dataset: The data set. The constants are computed on the training split and evaluated on the
        test split.

    Returns:
      The results ``{task: {'loss': ..., metric: ...}}``. If no constant has a finite loss, the
      results of the task are NaN, and a log line says so.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=100, validation=10, test=50)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> constant_baseline(model, digits)['left']['accuracy'] < 0.5
    True
    """
    batch = dataset.train.take(np.arange(min(dataset.train.size, _EXAMPLES)))
    batch = with_ignored(batch, dataset.tasks)
    rows = jax.tree.map(lambda leaf: leaf[:_COMPARED], batch)
    shapes = jax.eval_shape(
        lambda key, x: model.apply(*model.init(key, x), x)[0], _key(), batch.inputs
    )
    fixed = {
        task: best_constant(one, shapes[task], *labels_of(rows if one.over_rows else batch, task))
        for task, one in ((task, dataset.tasks[task]) for task in model.tasks)
    }
    found = {task: constant for task, constant in fixed.items() if constant is not None}
    unknown = [task for task in model.tasks if task not in found]
    if unknown:
        _log.warning('No constant prediction has a finite loss for the tasks %s.', unknown)

    def readout(params, state, x, *, tasks=None, key=None, train=False):
        size = len(jax.tree.leaves(x)[0])
        return jax.tree.map(lambda y: jnp.broadcast_to(y, (size, *y.shape)), params), state

    nothing = filled({task: dataset.tasks[task] for task in unknown}, math.nan)
    if not found:
        return nothing
    blind = multitask(_nothing, _same, readout, tasks=tuple(found))
    results = evaluator(blind, dataset.tasks, dataset.test)(found, {}) | nothing
    return {task: results[task] for task in model.tasks}


def _key():
    return jax.eval_shape(lambda: jax.random.key(0))


def _nothing(key, x):
    return {}, {}


def _same(params, state, x, *, key=None, train=False):
    return x, state
