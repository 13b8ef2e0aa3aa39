"""The task that a target column asks for."""

from collections.abc import Sequence

import optax

from mtljax import answers, heads, metrics
from mtljax.base import Task
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers


def task_of(column: Column, hidden: Sequence[int] = ()) -> Task:
    """Return the head, loss and metrics for a target; see `table`.

    Args:
      column: The column.
      hidden: The sizes of the hidden layers of the head.

    >>> list(task_of(Column('sold', True, ('',), 0.0, Categories(('no', 'yes')))).metrics)
    ['auc', 'binary_accuracy']
    """
    content, head = column.content, heads.mlp(hidden)
    if isinstance(content, Numbers):
        scores = {'mae': metrics.mae(content.errors), 'rmse': metrics.rmse(content.errors)}
        answer = answers.number(content.units, content.unit)
        return Task(head, optax.squared_error, scores, content.units, answer=answer)
    names = content.names if isinstance(content, Categories) else ()
    if len(names) == 2:
        scores = {'auc': metrics.auc(), 'binary_accuracy': metrics.binary_accuracy()}
        answer = answers.probability(names)
        return Task(head, optax.sigmoid_binary_cross_entropy, scores, answer=answer)
    loss = optax.softmax_cross_entropy_with_integer_labels
    scores = {'accuracy': metrics.accuracy()}
    return Task(heads.mlp(hidden, len(names)), loss, scores, answer=answers.classes(names))
