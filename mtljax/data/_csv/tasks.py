"""The task that a target column asks for."""

import optax

from mtljax import answers, heads, metrics
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
        units = to_units(mean, scale)
        answer = answers.number(units)
        return Task(heads.linear(), optax.squared_error, scores, units, answer=answer)
    names = column.categories or ()
    if len(names) == 2:
        scores = {'auc': metrics.auc(), 'binary_accuracy': metrics.binary_accuracy()}
        answer = answers.probability(names)
        return Task(heads.linear(), optax.sigmoid_binary_cross_entropy, scores, answer=answer)
    loss = optax.softmax_cross_entropy_with_integer_labels
    answer = answers.classes(names)
    return Task(heads.linear(len(names)), loss, {'accuracy': metrics.accuracy()}, answer=answer)
