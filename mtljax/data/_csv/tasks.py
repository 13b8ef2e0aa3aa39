"""The task that a target column asks for."""

import optax

from mtljax import heads, metrics
from mtljax.base import Task
from mtljax.data._csv.column import Column
from mtljax.data._reading.scaling import to_units


def task_of(column: Column) -> Task:
    """Return the head, loss and metrics for a target; see `csv`.

    >>> list(task_of(Column('sold', True, ('',), 0.0, categories=('no', 'yes'))).metrics)
    ['auc', 'binary_accuracy']
    """
    if column.numbers is not None:
        mean, scale = column.numbers.mean, column.numbers.scale
        errors = to_units(0, scale)
        scores = {'mae': metrics.mae(errors), 'rmse': metrics.rmse(errors)}
        return Task(heads.linear(), optax.squared_error, scores, to_units(mean, scale))
    classes = len(column.categories or ())
    if classes == 2:
        scores = {'auc': metrics.auc(), 'binary_accuracy': metrics.binary_accuracy()}
        return Task(heads.linear(), optax.sigmoid_binary_cross_entropy, scores)
    loss = optax.softmax_cross_entropy_with_integer_labels
    return Task(heads.linear(classes), loss, {'accuracy': metrics.accuracy()})
