"""The cells of a column: texts, numbers or dates."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.date_of import date_of
from mtljax.data._table.number_form import PLAIN, NumberForm

EXACT = 2**53  # float64 holds all integers below


class Cells(ABC):
    """The N cells of a column.

    Each method reads the cells in its own way, so that a column of a file of text and a column of
    numbers may hold the same.
    """

    @abstractmethod
    def __len__(self) -> int:
        """The number of cells, N."""

    @abstractmethod
    def without(self, marks: Collection[str]) -> 'Cells':
        """Return the cells in which each of these texts stands for an empty cell."""

    @abstractmethod
    def texts(self) -> 'TextCells':
        """Return the cells as texts; ``''`` is an empty cell."""

    @abstractmethod
    def numbers(self, form: NumberForm) -> tuple[np.ndarray, np.ndarray]:
        """Return finite numbers ``[N]``, float64, NaN elsewhere; and which cells hold others."""

    @abstractmethod
    def dates(self, form: str) -> tuple[np.ndarray, np.ndarray]:
        """Return dates ``[N]``, datetime64, NaT elsewhere; and which cells hold others."""

    @abstractmethod
    def empty(self) -> np.ndarray:
        """Return which cells are empty, booleans ``[N]``."""

    @abstractmethod
    def shown(self, row: int) -> str:
        """Return a cell as an error shows it."""


@dataclass(frozen=True, eq=False)
class TextCells(Cells):
    """Cells of texts, and of numbers among them.

    Attributes:
      values: The different values: texts, ``''`` for an empty cell, and finite numbers.
      codes: For each cell the index of its value, int32 ``[N]``.
    """

    values: tuple[str | float, ...]
    codes: np.ndarray

    def __len__(self):
        return len(self.codes)

    def without(self, marks):
        marked = frozenset(marks) - {''}
        if not any(text_of(value) in marked for value in self.values):
            return self
        values = ['' if text_of(value) in marked else value for value in self.values]
        return recoded(values, self.codes)

    def texts(self):
        if all(isinstance(value, str) for value in self.values):
            return self
        return recoded([text_of(value) for value in self.values], self.codes)

    def numbers(self, form):
        def number(value):
            return form.number(value) if isinstance(value, str) else value

        values = self.map(number, np.float64)
        return values, np.isnan(values) & ~self.empty()

    def dates(self, form):
        def date(value):
            return date_of(value, form) if isinstance(value, str) else np.datetime64('NaT')

        values = self.map(date, 'datetime64[us]')
        return values, np.isnat(values) & ~self.empty()

    def empty(self):
        return self.map(lambda value: value == '', bool)

    def shown(self, row):
        return shown(self.values[self.codes[row]])

    def map(self, function: Callable[[Any], Any], dtype: Any) -> np.ndarray:
        """Call a function on each different value; return its results for all cells, ``[N]``."""
        return np.array([function(value) for value in self.values], dtype)[self.codes]


@dataclass(frozen=True, eq=False)
class NumberCells(Cells):
    """Cells of numbers.

    Attributes:
      values: The numbers, float64 ``[N]``; NaN is an empty cell.
    """

    values: np.ndarray

    def __len__(self):
        return len(self.values)

    def without(self, marks):
        numbers = _numbers_of(frozenset(marks))
        if not numbers:
            return self
        return NumberCells(np.where(np.isin(self.values, numbers), np.nan, self.values))

    def texts(self):
        different, codes = np.unique(self.values, return_inverse=True)
        return recoded([text_of(value) for value in different.tolist()], codes)

    def numbers(self, form):
        return np.where(np.isfinite(self.values), self.values, np.nan), np.isinf(self.values)

    def dates(self, form):
        return np.full(len(self), 'NaT', 'datetime64[us]'), ~self.empty()

    def empty(self):
        return np.isnan(self.values)

    def shown(self, row):
        return text_of(float(self.values[row]))


@dataclass(frozen=True, eq=False)
class DateCells(Cells):
    """Cells of dates.

    Attributes:
      values: The dates, in UTC, datetime64 in microseconds ``[N]``; NaT is an empty cell.
    """

    values: np.ndarray

    def __len__(self):
        return len(self.values)

    def without(self, marks):
        return self

    def texts(self):
        different, codes = np.unique(self.values, return_inverse=True)
        return recoded([_date_text(value) for value in different], codes)

    def numbers(self, form):
        return np.full(len(self), np.nan), ~self.empty()

    def dates(self, form):
        return self.values, np.zeros(len(self), bool)

    def empty(self):
        return np.isnat(self.values)

    def shown(self, row):
        return _date_text(self.values[row])


def recoded(values: list[Any], codes: np.ndarray) -> TextCells:
    """Return cells from values that may repeat, and the index of the value of each cell.

    >>> cells = recoded(['a', '', 'a'], np.array([0, 1, 2]))
    >>> cells.values, cells.codes.tolist()
    (('a', ''), [0, 1, 0])
    """
    known: dict[Any, int] = {}
    table = np.array([known.setdefault(value, len(known)) for value in values], np.int32)
    return TextCells(tuple(known), table[codes.reshape(-1)])


@functools.lru_cache(maxsize=64)  # columns share their marks
def _numbers_of(marks: frozenset[str]) -> list[float]:
    return [number for number in map(PLAIN.number, marks) if not np.isnan(number)]


def are_exact(integers: np.ndarray) -> bool:
    """Return whether float64 holds all of these integers.

    >>> are_exact(np.array([2**53 - 1])), are_exact(np.array([2**60]))
    (True, False)
    """
    if not len(integers):
        return True
    return int(integers.max()) < EXACT and int(integers.min()) > -EXACT


def text_of(value: str | float) -> str:
    """Return a value as a text: ``''`` for NaN, and no fraction for a whole number.

    >>> [text_of(value) for value in ('x', 3.0, 2.5, float('nan'))]
    ['x', '3', '2.5', '']
    """
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return ''
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)


def _date_text(value: np.datetime64) -> str:
    if np.isnat(value):
        return ''
    day = value.astype('datetime64[D]')
    return str(day if day == value else value.astype('datetime64[s]'))
