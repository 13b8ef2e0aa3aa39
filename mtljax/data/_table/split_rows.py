"""Which split each row of a table belongs to."""

from collections.abc import Sequence

import numpy as np

from mtljax._shown import shown
from mtljax.data._splits.random_rows import random_rows, sizes_of
from mtljax.data._splits.stratified import stratified_rows
from mtljax.data._table.cells import Cells
from mtljax.data._table.dates import days_of
from mtljax.data._table.options import Options
from mtljax.data._table.source import Source, parts_of


def by_random(size: int, validation: float, test: float, seed: int) -> np.ndarray:
    """Return the split of each row, uint8 ``[N]``: 0 for training, 1 for validation, 2 for test."""
    return _numbered(size, random_rows(size, validation, test, seed))


def by_labels(codes: Sequence[np.ndarray], validation: float, test: float, seed: int) -> np.ndarray:
    """Return the split of each row, so that each label is spread over the splits."""
    return _numbered(len(codes[0]), stratified_rows(codes, validation, test, seed))


def by_time(
    source: Source, name: str, options: Options, validation: float, test: float
) -> np.ndarray:
    """Return the split of each row: the last rows are for the test. Rows of one time stay together.

    Raises:
      ValueError: A cell is empty, holds neither a date nor a number, or a split would be empty.
    """
    times = np.concatenate(
        [
            _times(name, part[name].without(options.missing), options, start + source.first)
            for start, part in parts_of(source, [name])
        ]
    )
    train, chosen, _ = sizes_of(len(times), validation, test)
    ordered = np.sort(times)
    bounds = ordered[[train, train + chosen]]
    return _checked(np.searchsorted(bounds, times, side='right').astype(np.uint8), name)


def by_group(
    source: Source, name: str, options: Options, validation: float, test: float, seed: int
) -> np.ndarray:
    """Return the split of each row, so that the rows of a group are in one split.

    The groups are shuffled, and the splits get about their share of the rows.

    Raises:
      ValueError: A cell is empty, or a split would be empty.
    """
    known: dict[str, int] = {}
    codes = []
    for start, part in parts_of(source, [name]):
        texts = part[name].without(options.missing).texts()
        _check_full(name, texts.empty(), start + source.first)
        codes.append(texts.map(lambda text: known.setdefault(text, len(known)), np.int32))
    rows = np.concatenate(codes)
    sizes_of(len(rows), validation, test)  # checks the shares
    order = np.random.default_rng(seed).permutation(len(known))
    counts = np.bincount(rows, minlength=len(known))[order]
    middle = (np.cumsum(counts) - counts / 2) / len(rows)
    split = np.empty(len(known), np.uint8)
    split[order] = np.where(middle < test, 2, np.where(middle < test + validation, 1, 0))
    return _checked(split[rows], name)


def codes_of_cells(cells: Cells, options: Options, weights: Cells | None = None) -> np.ndarray:
    """Return a code for every different cell of a target, ``[N]``; -1 without a label.

    Args:
      cells: The cells of a target.
      options: How columns are read.
      weights: The cells of its weights, if it has weights. A weight of 0 says that there is no
        label.

    >>> from mtljax.data._table.cells_of import texts_of
    >>> weights = texts_of(['1', '1', '2', '0'])
    >>> codes_of_cells(texts_of(['b', 'NA', 'a', 'b']), Options(('NA',)), weights).tolist()
    [1, -1, 0, -1]
    """
    texts = cells.without(options.missing).texts()
    order = {text: code for code, text in enumerate(sorted({*texts.values} - {''}))}
    codes = texts.map(lambda text: order.get(text, -1), np.int64)
    return codes if weights is None else np.where(weights.numbers(options.form)[0] == 0, -1, codes)


def _times(name: str, cells: Cells, options: Options, first: int) -> np.ndarray:
    _check_full(name, cells.empty(), first)
    numbers, wrong = cells.numbers(options.form)
    if not wrong.any():
        return numbers
    dates, other = cells.dates(options.dates.get(name, ''))
    if other.any():
        row = int(other.argmax())
        raise ValueError(
            f'time should name a column of dates or numbers. Found {cells.shown(row)} in column '
            f'{shown(name)}, row {row + first}. Name the form of its dates, dates=(({shown(name)}, '
            "'%d.%m.%Y'),)."
        )
    return days_of(dates)


def _check_full(name: str, empty: np.ndarray, first: int) -> None:
    if empty.any():
        raise ValueError(
            f'Column {shown(name)} should hold a value in every row, because rows are split by it. '
            f'Found an empty cell in row {int(empty.argmax()) + first}.'
        )


def _numbered(size: int, rows: Sequence[np.ndarray]) -> np.ndarray:
    split = np.empty(size, np.uint8)
    for number, each in enumerate(rows):
        split[each] = number
    return split


def _checked(split: np.ndarray, name: str) -> np.ndarray:
    counts = np.bincount(split, minlength=3)
    if not counts.all():
        raise ValueError(
            f'Every split should hold an example. Found {counts.tolist()} rows for training, '
            f'validation and test, because column {shown(name)} has few different values.'
        )
    return split
