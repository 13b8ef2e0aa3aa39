"""What a comparison found, in plain English."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments.compare.methods import BASELINE
from experiments.compare.records import Row
from mtljax import analysis
from mtljax.analysis import Record
from mtljax.base import Task

_NUMBERS = ('no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten')
_WORDS = (('better', 'than'), ('worse', 'than'), ('within noise', 'of'), ('not comparable', 'with'))
_OF_ONE_SEED = (('ahead', 'of'), ('behind', ''), ('level', 'with'), ('not comparable', 'with'))


class Metric(NamedTuple):
    """The metric that speaks for a task: its first one, or its loss."""

    name: str
    higher_is_better: bool


def main_metric(task: Task) -> Metric:
    """Return the metric that speaks for a task.

    >>> from mtljax import data
    >>> main_metric(data.digits(train=4, validation=2, test=2).tasks['left'])
    Metric(name='accuracy', higher_is_better=True)
    """
    name, metric = next(iter(task.metrics.items()), ('loss', None))
    return Metric(name, metric is not None and metric.higher_is_better)


def verdict(rows: Sequence[Row], records: Sequence[Record], tasks: Mapping[str, Task]) -> str:
    """Compare the best shared model with one model per task, in a sentence or two.

    The best shared model is the first row that is not the baseline: validation alone chooses it.
    The test results then say for each task whether it is better, by this rule. The first metric of
    the task (its loss, if it has none) gives one difference per seed, model minus baseline. If the
    95 % interval of their mean (Student) contains 0, the task is within noise. Otherwise, the sign
    and the direction of the metric say whether it is better or worse. If a result is not finite,
    the task cannot be compared. With one seed there is no interval, and the sentence says so. Each
    interval stands for its own task: of twenty tasks without a real difference, about one is called
    better or worse.

    Args:
      rows: The rows, from the best to the worst on validation; see `ranked`.
      records: The test results.
      tasks: The tasks of the data set.
    """
    row = shared_row(rows)
    names = {name: [main_metric(task).name] for name, task in tasks.items()}
    differences = analysis.paired(records, BASELINE, names).get(row.method, {})
    one_seed = sum(record.method == row.method for record in records) == 1
    groups: list[list[str]] = [[], [], [], []]
    for task, spec in tasks.items():
        metric = main_metric(spec)
        mean, half = differences.get(f'{task} {metric.name}', (math.nan, math.nan))
        half = 0 if one_seed else half
        groups[_group(mean if metric.higher_is_better else -mean, half)].append(task)
    found = _phrases(groups, _OF_ONE_SEED if one_seed else _WORDS, _models(len(tasks)))
    text = f'{title_of(row.method)} is {found}, at {_share(records, row)}.'
    if one_seed:
        text += ' With one seed, this may be noise: --seeds=3 gives intervals.'
    if rows[0].method == BASELINE and rows[0].scores:
        has = 'has' if len(tasks) == 1 else 'have'
        text = f'{_models(len(tasks)).capitalize()} {has} the best score on validation. {text}'
    return text


def shared_row(rows: Sequence[Row]) -> Row:
    """Return the best row that is not the baseline."""
    return next(row for row in rows if row.method != BASELINE)


def _group(mean: float, half: float) -> int:
    """Return the group of a task: 0 better, 1 worse, 2 within noise, 3 not comparable.

    >>> [_group(*pair) for pair in ((0.2, 0.1), (-0.2, 0.1), (-0.2, 0.3), (math.nan, 0.1))]
    [0, 1, 2, 3]
    """
    if math.isnan(mean):
        return 3
    if abs(mean) <= half:
        return 2
    return int(mean < 0)


def _phrases(
    groups: Sequence[Sequence[str]], words: Sequence[tuple[str, str]], baseline: str
) -> str:
    """Return the groups as words; only the first one names the baseline.

    >>> _phrases([['a'], [], ['b', 'c'], []], _WORDS, 'three separate models')
    'better than three separate models on a and within noise on b and c'
    """
    parts = []
    for tasks, (word, preposition) in zip(groups, words, strict=True):
        if tasks:
            text = word if parts else ' '.join(filter(None, (word, preposition, baseline)))
            parts.append((text, tasks))
    if len(parts) == 1:
        return parts[0][0]
    return _listed([f'{text} on {_listed(tasks)}' for text, tasks in parts])


def _models(count: int) -> str:
    """Return the baseline as words.

    >>> _models(4), _models(1)
    ('four separate models', 'one separate model')
    """
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f'{number} separate model{"s" * (count != 1)}'


def title_of(method: str) -> str:
    """Return the name of a row at the start of a sentence.

    >>> title_of('hard + pcgrad'), title_of('mmoe')
    ('Hard sharing + pcgrad', 'mmoe')
    """
    first, plus, rest = method.partition(' ')
    return f'{"Hard sharing" if first == "hard" else first}{plus}{rest}'


def _listed(words: Sequence[str]) -> str:
    """Return a list as words.

    >>> _listed(['a', 'b', 'c'])
    'a, b and c'
    """
    *others, last = words
    return f'{", ".join(others)} and {last}' if others else last


def _share(records: Sequence[Record], row: Row) -> str:
    alone = next(record.parameters for record in records if record.method == BASELINE)
    return f'{100 * row.parameters / alone:.0f} % of the parameters'
