"""Deciding what an input holds, from the summary of its cells."""

from mtljax._shown import shown
from mtljax.data._reading.scaling import checked_scale
from mtljax.data._table.buckets import Buckets
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column, Content
from mtljax.data._table.dates import Dates
from mtljax.data._table.hints import check_mixed, hint
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.options import Options
from mtljax.data._table.summary import Summary


def fit_input(summary: Summary, options: Options) -> Column | str:
    """Fit an input column: numbers, categories, dates, or no value at all; see `table`.

    Args:
      summary: What the cells hold.
      options: The options of the table.

    Returns:
      The column, or the reason why it is left out.

    Raises:
      ValueError: The column has no name, or cells of two kinds.
    """
    name, labels = summary.name, summary.rows - summary.empty
    if not name and labels:
        raise ValueError(
            'Every column should have a name. Found one without, such as the index that pandas '
            "writes. Leave it out: drop=['']."
        )
    if not labels:
        return column_of(summary, options, None)
    if name in options.hashed:
        return column_of(summary, options, Buckets(options.most_categories))
    if name in options.categorical:
        return column_of(summary, options, Categories(tuple(sorted(summary.texts.values or ()))))
    if name in options.numeric or holds_numbers(summary):
        return column_of(summary, options, numbers_of(summary, options))
    if name in options.dates or holds_dates(summary):
        return column_of(summary, options, _dates_of(summary, options))
    check_mixed(summary)
    hint(summary, options)
    count = summary.texts.count
    if count > summary.trained / 2:
        return f'its {count:,} different texts in {summary.trained:,} training rows look like a key'
    if summary.texts.values is None:
        return column_of(summary, options, Buckets(options.most_categories))
    return column_of(summary, options, Categories(tuple(sorted(summary.texts.values))))


def column_of(summary: Summary, options: Options, content: Content | None) -> Column:
    """Return the column of a summary with this content."""
    share = summary.empty / summary.rows
    return Column(summary.name, summary.target, options.missing, share, content)


def holds_numbers(summary: Summary) -> bool:
    """Return whether every cell is a number or empty."""
    return summary.numbers.there > 0 and not summary.numbers.wrong


def holds_dates(summary: Summary) -> bool:
    """Return whether every cell is a date or empty."""
    return summary.dates.there > 0 and not summary.dates.wrong


def numbers_of(summary: Summary, options: Options) -> Numbers:
    """Return the statistics of a column of numbers.

    Raises:
      ValueError: A cell is no number, units are mixed, or the statistics are not finite.
    """
    kind, name = summary.numbers, summary.name
    if kind.wrong:
        row, cell = kind.first
        raise ValueError(
            f'Column {shown(name)}, row {row}: the cell should be a number, because numeric names '
            f'the column. Found {cell}. If this text stands for an empty cell, add it to missing.'
        )
    units = sorted(summary.units)
    if len(units) > 1:
        raise ValueError(
            f'Column {shown(name)} should have one unit. Found {shown(units)}. Give all numbers '
            f'the same unit, or leave the column out, drop=[{shown(name)}].'
        )
    moments = kind.moments
    mean, scale = checked_scale(moments.mean, moments.deviation, [name], targets=summary.target)
    numbers = float(mean), float(scale), moments.low, moments.high
    return Numbers(*numbers, options.form, units[0] if units else '')


def _dates_of(summary: Summary, options: Options) -> Dates:
    kind, name, form = summary.dates, summary.name, options.dates.get(summary.name, '')
    if kind.wrong or not kind.there:
        row, cell = kind.first
        raise ValueError(
            f'Column {shown(name)}, row {row}: the cell should be a date in the form '
            f'{shown(form)}. Found {cell}. If this text stands for an empty cell, add it to '
            'missing.'
        )
    moments = kind.moments
    mean, scale = checked_scale(moments.mean, moments.deviation, [name])
    return Dates(float(mean), float(scale), moments.low, moments.high, summary.clock, form)
