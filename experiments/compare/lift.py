"""What sharing does for the task with the fewest labels."""

from collections.abc import Mapping, Sequence

from experiments.compare.methods import BASELINE
from experiments.compare.records import Row
from experiments.compare.verdict import main_metric, title_of
from mtljax import analysis, data
from mtljax.analysis import Record
from mtljax.base import Split, Task

_SPARSE = 0.5  # of the labels of the task with the most


def label_counts(split: Split) -> dict[str, int]:
    """Return the number of examples with a label of each task; nothing if they are not in memory.

    >>> label_counts(data.digits(train=8, validation=4, test=4).train)
    {'left': 8, 'right': 8}
    """
    if not isinstance(split, data.ArraySplit):
        return {}
    return {
        task: int(mask.reshape(len(mask), -1).any(axis=1).sum())
        for task, mask in split.arrays.mask.items()
    }


def lift(
    row: Row, records: Sequence[Record], tasks: Mapping[str, Task], labels: Mapping[str, int]
) -> str:
    """Return a sentence on the task with the fewest labels; '' if no task has few.

    Args:
      row: The best shared model.
      records: The test results.
      tasks: The tasks of the data set.
      labels: The number of labels of each task.
    """
    if not labels:
        return ''
    fewest, most = (pick(labels, key=lambda task: labels[task]) for pick in (min, max))
    if labels[fewest] >= _SPARSE * labels[most]:
        return ''
    metric = main_metric(tasks[fewest]).name
    values = {
        method: analysis.mean_and_error(
            [record.test[fewest][metric] for record in records if record.method == method]
        )[0]
        for method in (BASELINE, row.method)
    }
    differences = analysis.paired(records, BASELINE, {fewest: [metric]})
    mean, half = differences[row.method][f'{fewest} {metric}']
    interval = f' ± {half:.4f} (95 % interval)' if half == half else ''
    return (
        f'{fewest} has the fewest labels, {labels[fewest]:,}; {most} has {labels[most]:,}. '
        f'{metric} of {fewest}: {values[BASELINE]:.4f} with a separate model, '
        f'{values[row.method]:.4f} with {title_of(row.method).lower()}, {mean:+.4f}{interval}.'
    )
