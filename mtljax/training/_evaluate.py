"""Losses and metrics on a split of a data set."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils

from mtljax import trees
from mtljax.base import Batch, Metric, MultiTask, Params, Split, State, Task
from mtljax.options import check_count
from mtljax.training._ignored import with_ignored
from mtljax.training._over_rows import check_whole_batches
from mtljax.training._task_loss import labels_of, mean_loss

Results = dict[str, dict[str, float]]
"""The results of an evaluation, ``{task: {'loss': ..., metric: ...}}``."""


def eval_step(
    model: MultiTask, tasks: Mapping[str, Task], *, axis_name: str | None = None
) -> Callable[[Any, Any, Batch], Any]:
    """Return a function that evaluates one batch, and returns the sums that the metrics need.

    The function is ``(params, state, batch) -> {task: {metric: sums}}``. The metrics of a task
    include its loss. Add the sums of all batches to get the sums of a split. For a metric with
    `Metric.collects`, which needs all predictions at once, the function returns arrays instead of
    sums. Concatenate the arrays of all batches. `evaluator` does all this for a split, and computes
    the metrics. With ``axis_name``, the sums are added and the arrays are concatenated over the
    devices. Examples without a label are ignored. Tasks without a `Task`, or without targets in the
    batch, are left out.

    Args:
      model: The multi-task model.
      tasks: The `Task` of each task name, ``{task: Task}``.
      axis_name: The axis name of the surrounding ``pmap``, if there is one.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> variables = model.init(jax.random.key(0), digits.train.example.inputs)
    >>> sums = eval_step(model, digits.tasks)(*variables, digits.train.example)
    >>> sums['left']['accuracy']['count'].item()  # the batch has two examples
    2
    """
    check_whole_batches([name for name in model.tasks if name in tasks], tasks, 1, axis_name)

    def sums_of(params, state, batch):
        batch, names = with_ignored(batch, tasks), _evaluated(model, tasks, batch)
        predictions, _ = model.apply(params, state, batch.inputs)
        sums = {
            task: {
                name: metric.update(predictions[task], *labels_of(batch, task))
                for name, metric in _metrics(tasks[task]).items()
            }
            for task in names
        }
        return sums if axis_name is None else _over_devices(tasks, sums, axis_name)

    return sums_of


def evaluator(
    model: MultiTask,
    tasks: Mapping[str, Task],
    split: Split,
    *,
    batch_size: int = 1024,
    put: Callable[[Batch], Batch] = lambda batch: batch,
    seeds: int | None = None,
) -> Callable[[Any, Any], Any]:
    """Return a compiled function ``(params, state) -> results`` that evaluates a model on a split.

    The last batch is filled up with examples without labels, so that all batches have one size.

    Args:
      model: The multi-task model.
      tasks: The `Task` of each task name, ``{task: Task}``.
      split: The examples to evaluate on.
      batch_size: The number of examples per batch.
      put: A function that places a batch on the devices.
      seeds: The number of models that are evaluated at once. The arrays of ``params`` and ``state``
        then need an additional first axis over the models, and the function returns one result per
        model in a list. None means one model without this axis.

    >>> from mtljax import backbones, data, sharing
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> params, state = model.init(jax.random.key(0), digits.train.example.inputs)
    >>> sorted(evaluator(model, digits.tasks, digits.test)(params, state)['right'])
    ['accuracy', 'loss']
    """
    check_count('batch_size', batch_size, 1)
    if seeds is not None:
        check_count('seeds', seeds, 1)
    total = _totals(model, tasks, seeds)
    batch_size = min(batch_size, split.size)

    def evaluate(params, state):
        starts = range(0, split.size, batch_size)
        batches = (put(_filled(split, start, batch_size)) for start in starts)
        sums = total(params, state, batches)
        if seeds is None:
            return _results(model, tasks, sums)
        return [_results(model, tasks, trees.row(sums, index)) for index in range(seeds)]

    return evaluate


def evaluate_batches(
    model: MultiTask, tasks: Mapping[str, Task], state: 'Trained', batches: Iterable[Batch]
) -> Results:
    """Compute the mean loss and all metrics of every task over batches, in one pass.

    Args:
      model: The multi-task model.
      tasks: The `Task` of each task name, ``{task: Task}``.
      state: The training state, or what `load` returned: the parameters and the model state.
      batches: Batches of one size. Fill the last one up with examples without labels.

    Returns:
      The results, as `evaluate` returns them.

    Raises:
      ValueError: There is no batch, or no task of the model has a `Task` and targets.

    >>> from mtljax import backbones, data, sharing
    >>> from mtljax.training import Saved
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> variables = model.init(jax.random.key(0), digits.train.example.inputs)
    >>> saved = Saved(*variables, 0, model.tasks, {})
    >>> list(evaluate_batches(model, digits.tasks, saved, digits.test.batches(2)))
    ['left', 'right']
    """
    sums = _totals(model, tasks, None)(state.params, state.state, batches)
    return _results(model, tasks, sums)


def _totals(model, tasks, seeds):
    """Return a function ``(params, state, batches) -> sums``, over all batches."""
    sums_of = eval_step(model, tasks)
    if seeds is not None:
        sums_of = jax.vmap(sums_of, in_axes=(0, 0, None))

    @jax.jit
    def step(sums, *args):
        added, rows = _parted(tasks, sums_of(*args))
        return (added if sums is None else jax.tree.map(jnp.add, sums, added)), rows

    def total(params, state, batches):
        sums, rows = None, []
        for batch in batches:
            sums, row = step(sums, params, state, batch)
            rows.append(jax.tree.map(_fetched, row))
        if sums is None:
            raise ValueError('An evaluation needs a batch. Found none.')
        axis = 0 if seeds is None else 1
        whole = jax.tree.map(lambda *parts: np.concatenate(parts, axis), *rows)
        return trees.merge(jax.device_get(sums), whole)

    return total


def _evaluated(model: MultiTask, tasks: Mapping[str, Task], batch: Batch) -> list[str]:
    """Return the tasks of the model that have a `Task` and targets."""
    names = [name for name in model.tasks if name in tasks and name in batch.targets]
    if not names:
        raise ValueError(
            f'An evaluation needs a task of the model, {list(model.tasks)}, that has a Task and '
            f'targets. Found tasks {list(tasks)} and targets {list(batch.targets)}.'
        )
    return names


def _parted(tasks, sums):
    """Separate sums from rows of metrics that collect; each tree has None in place of the other."""

    def marks(task, name, sums):
        collects = _metrics(tasks[task])[name].collects
        return jax.tree.map(lambda _: collects, sums)

    kinds = {
        task: {name: marks(task, name, sums) for name, sums in row.items()}
        for task, row in sums.items()
    }
    rows, added = trees.partition(sums, kinds)
    return added, rows


def _over_devices(tasks, sums, axis_name):
    added, rows = _parted(tasks, sums)
    rows = jax.tree.map(lambda leaf: jax.lax.all_gather(leaf, axis_name, tiled=True), rows)
    return trees.merge(jax.lax.psum(added, axis_name), rows)


def _fetched(leaf):
    """Return an array on the host, including the parts that other processes hold."""
    if leaf.is_fully_addressable:
        return np.asarray(leaf)
    return multihost_utils.process_allgather(leaf, tiled=True)


class Trained(Protocol):
    """Parameters and a model state, such as a `TrainState` or what `load` returns."""

    @property
    def params(self) -> Params:
        """The parameters of the model."""
        ...

    @property
    def state(self) -> State:
        """The state of the model."""
        ...


def evaluate(
    model: MultiTask,
    tasks: Mapping[str, Task],
    state: Trained,
    split: Split,
    *,
    batch_size: int = 1024,
) -> Results:
    """Compute the mean loss and all metrics of every task on a split of a data set.

    Args:
      model: The multi-task model.
      tasks: The `Task` of each task name, ``{task: Task}``.
      state: The training state, or what `load` returned: the parameters and the model state.
      split: The examples to evaluate on.
      batch_size: The number of examples per batch.

    Returns:
      The results ``{task: {'loss': ..., metric: ...}}``, for all tasks of the model that have a
        `Task` and targets in the split. If a task has no label in the split, its results are NaN.

    Raises:
      ValueError: No task of the model has a `Task` and targets.

    >>> import optax
    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> step = training.train_step(model, digits.tasks, tx)
    >>> state = step.init(jax.random.key(0), digits.train.example)
    >>> list(evaluate(model, digits.tasks, state, digits.test))
    ['left', 'right']
    """
    check_count('batch_size', batch_size, 1)
    return evaluator(model, tasks, split, batch_size=batch_size)(state.params, state.state)


def _metrics(task: Task) -> dict[str, Metric]:
    return {'loss': mean_loss(task), **task.metrics}


def _filled(split, start, batch_size):
    indices = np.arange(start, start + batch_size)
    batch = split.take(np.minimum(indices, split.size - 1))
    real = indices < split.size
    mask = jax.tree.map(lambda m: m & real.reshape((-1,) + (1,) * (m.ndim - 1)), batch.mask)
    return batch._replace(mask=mask)


def _results(model, tasks, sums) -> Results:
    with np.errstate(invalid='ignore', divide='ignore'):  # NaN for a task without a label
        return {
            task: {
                name: float(np.asarray(metric.result(sums[task][name])))
                for name, metric in _metrics(tasks[task]).items()
            }
            for task in model.tasks
            if task in sums
        }
