"""The columns of the generated log, so that new rows can be encoded."""

from collections.abc import Sequence

from mtljax.data._ranking_log.scores import CATEGORICAL, NUMERIC
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.schema import Schema
from mtljax.data._table.transforms import Log

_MISSING = ('',)
_LEAST, _MOST = 0.0, 3600.0  # seconds of a visit, for the page of a service
_RANGE = 4.0  # of a standard normal number


def schema_of(tasks: Sequence[str], mean: float, scale: float) -> Schema:
    """Return the schema of the log; the categories of a column are numbered from 0.

    Args:
      tasks: The targets.
      mean: The mean of the logarithm of dwell times, in log seconds.
      scale: Its standard deviation.

    >>> schema_of(['click'], 0.0, 1.0).encode({'device': ['2']} | {
    ...     name: ['0'] for name in (*CATEGORICAL, *NUMERIC) if name != 'device'
    ... }).inputs['categorical'].tolist()
    [[0, 2, 0, 0, 0, 0, 0]]
    """
    seconds = Numbers(mean, scale, _LEAST, _MOST, unit='s', transform=Log())
    contents = {task: seconds if task == 'dwell' else Categories((0.0, 1.0)) for task in tasks}
    targets = [Column(task, True, _MISSING, 0.0, each) for task, each in contents.items()]
    inputs = [
        Column(name, False, _MISSING, 0.0, Categories(tuple(map(str, range(count)))))
        for name, count in CATEGORICAL.items()
    ]
    normal = Numbers(0.0, 1.0, -_RANGE, _RANGE)
    inputs += [Column(name, False, _MISSING, 0.0, normal) for name in NUMERIC]
    return Schema(tuple(targets), tuple(inputs), complete=False)
