"""Deciding what a target asks for, from the summary of its cells."""

import dataclasses

from mtljax._shown import shown
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.distinct import Distinct
from mtljax.data._table.fit import column_of, holds_numbers, numbers_of
from mtljax.data._table.hints import check_mixed, hint
from mtljax.data._table.options import MOST_CLASSES, Options
from mtljax.data._table.summary import Summary
from mtljax.data._table.transforms import Log, Quantile


def fit_target(summary: Summary, options: Options) -> Column:
    """Fit a column to predict: binary labels, classes, or numbers; see `table`.

    Args:
      summary: What the cells hold.
      options: The options of the table.

    Raises:
      ValueError: The training rows hold no label or only one value, there are too many classes, a
        cell among numbers is not a number, or a transform is asked for classes.
    """
    name = summary.name
    classes = name in options.categorical
    numbers = holds_numbers(summary)
    if not numbers and not classes and name not in options.numeric:
        check_mixed(summary)
        hint(summary, options)
    _check_labels(summary, summary.seen if numbers else summary.seen_texts)
    known = summary.values if numbers else summary.texts
    regression = name in options.numeric or (numbers and not classes and known.count > 2)
    if regression:
        return column_of(summary, options, _transformed(summary, options))
    if name in (*options.log, *options.quantile):
        raise ValueError(
            f'log and quantile should name targets of numbers. Found {shown(name)}, a target with '
            f'{known.count} classes.'
        )
    if known.count > MOST_CLASSES or known.values is None:
        raise ValueError(
            f'Target {shown(name)} should have at most {MOST_CLASSES} classes, because it holds '
            f'text or is in categorical. Found {known.count} classes.'
        )
    return column_of(summary, options, Categories(tuple(sorted(known.values))))


def _transformed(summary: Summary, options: Options):
    numbers = numbers_of(summary, options)
    if summary.name in options.log:
        return dataclasses.replace(numbers, transform=Log())
    if summary.name in options.quantile:
        transform = Quantile.fit(summary.sample.values)
        return dataclasses.replace(numbers, mean=0.0, scale=1.0, transform=transform)
    return numbers


def _check_labels(summary: Summary, seen: Distinct) -> None:
    name, labels = shown(summary.name), summary.rows - summary.empty
    if not labels:
        raise ValueError(f'Target {name} should have labels. Found only empty cells.')
    if not summary.known:
        raise ValueError(
            f'Target {name} should have labels in the training rows. Found {labels} labels, all in '
            'other rows. Add labels, or change the seed.'
        )
    if seen.count == 1 and seen.values:
        raise ValueError(
            f'Target {name} should have two values or more in the training rows. Found only '
            f'{shown(next(iter(seen.values)))}.'
        )
