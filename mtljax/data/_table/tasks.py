"""The task that a target column asks for."""

import optax

from mtljax import answers, heads, metrics
from mtljax.base import Task
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers


def task_of(column: Column) -> Task:
    """Return the head, loss and metrics for a target; see `table`.

    >>> list(task_of(Column('sold', True, ('',), 0.0, Categories(('no', 'yes')))).metrics)
    ['auc', 'binary_accuracy']
    """
    content = column.content
    if isinstance(content, Numbers):
        scores = {'mae': metrics.mae(content.errors), 'rmse': metrics.rmse(content.errors)}
        answer = answers.number(content.units, content.unit)
        return Task(heads.linear(), optax.squared_error, scores, content.units, answer=answer)
    names = content.names if isinstance(content, Categories) else ()
    if len(names) == 2:
        scores = {'auc': metrics.auc(), 'binary_accuracy': metrics.binary_accuracy()}
        answer = answers.probability(names)
        return Task(heads.linear(), optax.sigmoid_binary_cross_entropy, scores, answer=answer)
    loss = optax.softmax_cross_entropy_with_integer_labels
    answer = answers.classes(names)
    return Task(heads.linear(len(names)), loss, {'accuracy': metrics.accuracy()}, answer=answer)
