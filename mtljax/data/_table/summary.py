"""What the cells of a column hold, counted part by part."""

from dataclasses import dataclass, field

import numpy as np

from mtljax.data._table.cells import Cells, TextCells
from mtljax.data._table.dates import days_of
from mtljax.data._table.distinct import Distinct
from mtljax.data._table.moments import Moments
from mtljax.data._table.number_form import unit_of
from mtljax.data._table.options import MOST_CLASSES, Options
from mtljax.data._table.sample import Sample
from mtljax.data._table.transforms import Log

_EXAMPLES = 1000


@dataclass
class Kind:
    """The cells that can be read in one way, such as numbers.

    Attributes:
      moments: Their statistics.
      there: The number of cells of this kind.
      wrong: The number of cells that hold something else.
      first: The row and the text of the first cell that holds something else.
    """

    moments: Moments = field(default_factory=Moments)
    there: int = 0
    wrong: int = 0
    first: tuple[int, str] = (0, '')

    def add(self, cells: Cells, empty: np.ndarray, wrong: np.ndarray, first: int) -> None:
        """Count more cells."""
        if not self.wrong and wrong.any():
            row = int(wrong.argmax())
            self.first = row + first, cells.shown(row)
        self.wrong += int(wrong.sum())
        self.there += int((~wrong & ~empty).sum())


class Summary:
    """The cells of one column.

    Attributes:
      name: The name of the column.
      target: Whether it is predicted.
      rows: The number of rows.
      empty: The number of empty cells.
      trained: The number of training rows.
      known: The number of training rows with a value.
      numbers: The cells that are numbers.
      dates: The cells that are dates.
      clock: Whether a date has a time other than midnight.
      units: The units of numbers; ``''`` for a number without one.
      texts: The different texts of the training rows. For targets, of all rows.
      values: For a target, its different numbers in all rows.
      seen: For a target, the different numbers of the training rows.
      seen_texts: For a target, their different texts.
      sample: Training rows of a target whose quantiles are used.
      examples: Some of the different texts.
    """

    def __init__(self, name: str, options: Options, *, target: bool):
        self.name, self.target, self._options = name, target, options
        self.rows = self.empty = self.trained = self.known = 0
        self.numbers, self.dates, self.clock = Kind(), Kind(), False
        self.units: set[str] = set()
        whole = name in options.categorical or target
        self.texts = Distinct(None if whole else options.most_categories)
        self.values, self.seen = Distinct(MOST_CLASSES), Distinct(MOST_CLASSES)
        self.seen_texts = Distinct(MOST_CLASSES)
        self.sample, self.examples = Sample(), []

    def add(self, cells: Cells, train: np.ndarray, first: int) -> None:
        """Count the cells of one more part.

        Args:
          cells: N cells, without marks of empty cells.
          train: Which of them are training rows, booleans ``[N]``.
          first: The number of the first row, for errors.
        """
        empty = cells.empty()
        self.rows, self.empty = self.rows + len(cells), self.empty + int(empty.sum())
        self.trained += int(train.sum())
        self.known += int((train & ~empty).sum())
        numbers, wrong = cells.numbers(self._options.form)
        self.numbers.add(cells, empty, wrong, first)
        self._add_numbers(numbers, train, first)
        if wrong.any():
            self._add_dates(cells, empty, train, first)
        if isinstance(cells, TextCells):
            self._add_units(cells, there=not np.isnan(numbers).all())
        if isinstance(cells, TextCells) or self.name in self._options.named:
            self._add_texts(cells.texts(), train)

    def _add_numbers(self, numbers: np.ndarray, train: np.ndarray, first: int) -> None:
        self.numbers.moments.add_range(numbers)
        if self.target:
            there = ~np.isnan(numbers)
            self.values.add(np.unique(numbers[there]).tolist())
            self.seen.add(np.unique(numbers[there & train]).tolist())
        if self.name in self._options.quantile:
            self.sample.add(numbers[train])
        if self.name in self._options.log:
            numbers = Log().forward(self.name, numbers, first)
        self.numbers.moments.add(numbers[train])

    def _add_dates(self, cells: Cells, empty, train: np.ndarray, first: int) -> None:
        dates, wrong = cells.dates(self._options.dates.get(self.name, ''))
        self.dates.add(cells, empty, wrong, first)
        days = days_of(dates)
        self.dates.moments.add_range(days)
        self.dates.moments.add(days[train])
        self.clock = self.clock or bool((days % 1 > 0).any())

    def _add_units(self, cells: TextCells, *, there: bool) -> None:
        texts = [value for value in cells.values if isinstance(value, str) and value]
        form = self._options.form
        if there:
            self.units |= {unit_of(text)[1] for text in texts if not np.isnan(form.number(text))}
        self.examples += texts[: _EXAMPLES - len(self.examples)]

    def _add_texts(self, cells: TextCells, train: np.ndarray) -> None:
        rows = slice(None) if self.target else train
        self.texts.add(_different(cells, rows))
        if self.target:
            self.seen_texts.add(_different(cells, train))


def _different(cells: TextCells, rows) -> list[str]:
    values = [cells.values[code] for code in np.unique(cells.codes[rows])]
    return [value for value in values if value != '']
