"""A column of dates, which become features of the calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mtljax._shown import shown
from mtljax.data._daily_series.calendar import waves, weekday_of
from mtljax.data._reading.scaling import apply_scale
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.cells import Cells
from mtljax.data._table.checks import are_numbers, check_fields

_YEAR, _PAIRS = 365.2425, 2
DAY = np.timedelta64(1, 'D')


@dataclass(frozen=True)
class Dates:
    """The statistics of a column of dates.

    Attributes:
      mean: The mean of the training rows, in days since 1970-01-01.
      scale: Their standard deviation, in days; 0 if they do not vary.
      low: The first date of the table, in days since 1970-01-01.
      high: The last date of the table.
      clock: Whether a date has a time of day other than midnight.
      form: The form of dates in texts, as for ``datetime.strptime``; ``''`` means ISO 8601.
    """

    mean: float
    scale: float
    low: float
    high: float
    clock: bool = False
    form: str = ''

    KEY: ClassVar[str] = 'dates'
    KIND: ClassVar[str] = 'date'

    @property
    def width(self) -> int:
        """The number of features of a date."""
        return 1 + 2 * _PAIRS + 7 + (2 * _PAIRS if self.clock else 0)

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Compute the features of dates, float32 ``[N, F]``; NaN where a cell is empty.

        The features are the days since 1970, standardised; two pairs of sines and cosines of the
        year; the weekday, one-hot; and with a time, two pairs of sines and cosines of the day.

        Raises:
          CellError: A cell holds no date.

        >>> from mtljax.data._table.cells_of import texts_of
        >>> Dates(0, 1, 0, 3).encode('day', texts_of(['1970-01-03']))[0, 5:].tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        """
        values, wrong = cells.dates(self.form)
        if wrong.any():
            row = int(wrong.argmax())
            expected = f'in the form {shown(self.form)}' if self.form else 'such as 2024-12-31'
            raise CellError(
                name,
                row + first,
                f'the cell should be a date {expected}. Found {cells.shown(row)}.',
            )
        days = days_of(values)
        empty = np.isnat(values)
        weekday = weekday_of(np.where(empty, np.datetime64(0, 'us'), values))
        parts = [
            apply_scale(days, self.mean, self.scale, [name])[:, None],
            waves(days / _YEAR, _PAIRS),
            weekday[:, None] == np.arange(7),
        ]
        parts += [waves(days, _PAIRS)] if self.clock else []
        features = np.concatenate(parts, axis=1, dtype=np.float32, casting='same_kind')
        return np.where(empty[:, None], np.float32(np.nan), features)

    def describe(self) -> str:
        """Return the range of the dates as a text."""
        days = np.floor([self.low, self.high]).astype('datetime64[D]')
        return f'{days[0]} to {days[1]}'

    def differences(self, other: 'Dates') -> str:
        """Return how the dates of another table differ; ``''`` if they do not."""
        same = self == other
        return '' if same else f'{self.describe()} there, {other.describe()} here'

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as JSON types, for `from_json`."""
        return {
            'mean': self.mean,
            'scale': self.scale,
            'low': self.low,
            'high': self.high,
            'clock': self.clock,
            'form': self.form,
        }

    @classmethod
    def from_json(cls, content: Any) -> 'Dates':
        """Return what `to_json` described.

        Raises:
          ValueError: The content describes no dates.
        """
        check_fields(content, {'mean', 'scale', 'low', 'high', 'clock', 'form'})
        fields: Mapping[str, Any] = content
        numbers = [fields[name] for name in ('mean', 'scale', 'low', 'high')]
        known = isinstance(fields['clock'], bool) and isinstance(fields['form'], str)
        if (
            not known
            or not are_numbers(numbers)
            or fields['scale'] < 0
            or max(map(abs, numbers)) > 1e7
        ):
            raise ValueError(f'dates of a column have another form. Found {shown(fields)}.')
        mean, scale, low, high = numbers
        return cls(mean, scale, low, high, fields['clock'], fields['form'])


def days_of(dates: np.ndarray) -> np.ndarray:
    """Return days since 1970-01-01 with fractions, float64; NaN for NaT.

    >>> days_of(np.array(['1970-01-02T12:00', 'NaT'], 'datetime64[us]')).tolist()
    [1.5, nan]
    """
    return (dates - np.datetime64(0, 'us')) / DAY
