"""A column of numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from mtljax.data._reading.scaling import apply_scale, to_units
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.cells import Cells, TextCells
from mtljax.data._table.checks import are_numbers, check_fields
from mtljax.data._table.number_form import NumberForm, unit_of
from mtljax.data._table.transforms import Transform, transform_of

_NEAR = 1e-6  # what another machine may compute differently
_NEW = {'decimal': '.', 'thousands': '', 'unit': '', 'transform': None}


@dataclass(frozen=True)
class Numbers:
    """The statistics of a column of numbers.

    Attributes:
      mean: The mean of the training rows, after the transform.
      scale: Their standard deviation; 0 if they do not vary.
      low: The smallest number of the table.
      high: The largest number of the table.
      form: How texts write the numbers.
      unit: The unit that texts write with the numbers, such as ``'%'``; ``''`` for no unit.
      transform: What is done to the numbers before they are standardised; None changes nothing.
    """

    mean: float
    scale: float
    low: float
    high: float
    form: NumberForm = field(default=NumberForm())
    unit: str = ''
    transform: Transform | None = None

    KEY: ClassVar[str] = 'numbers'
    KIND: ClassVar[str] = 'numeric'

    @property
    def width(self) -> int:
        """The number of features."""
        return 1

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Standardise cells, float32 ``[N]``; NaN is an empty cell.

        Raises:
          CellError: A cell holds no number, a number in another unit, or one that is too large.
        """
        values = self.read(name, cells, first)
        try:
            return apply_scale(values, self.mean, self.scale, [name])
        except ValueError as error:
            row = int(np.nanargmax(np.abs(values)))
            raise CellError(
                name,
                row + first,
                f'the cell should fit float32. Found {cells.shown(row)}, which is too large.',
            ) from error

    def read(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Return the numbers after the transform, float64 ``[N]``; NaN is an empty cell.

        Raises:
          CellError: A cell holds no number, or a number in another unit.
        """
        values, wrong = cells.numbers(self.form)
        if isinstance(cells, TextCells) and any(_is_other(x, self.unit) for x in cells.values):
            wrong |= cells.map(lambda value: _is_other(value, self.unit), bool)
        if wrong.any():
            row = int(wrong.argmax())
            expected = f'a number in {self.unit}' if self.unit else 'a number'
            raise CellError(
                name,
                row + first,
                f'the cell should be {expected}, as in the table that the column was fitted to. '
                f'Found {cells.shown(row)}.',
            )
        return values if self.transform is None else self.transform.forward(name, values, first)

    def decode(self, scaled: np.ndarray) -> np.ndarray:
        """Return the numbers of standardised values, float64 ``[N]``."""
        values = self.mean + self.scale * scaled.astype(np.float64)
        return values if self.transform is None else np.asarray(self.transform.inverse(values))

    @property
    def units(self) -> Callable[[Any], Any]:
        """The inverse of `encode`, from standardised values to the unit of the table."""
        scaled, transform = to_units(self.mean, self.scale), self.transform
        return scaled if transform is None else lambda y: transform.inverse(scaled(y))

    @property
    def errors(self) -> Callable[[Any], Any]:
        """What errors are computed from: `units`, without a mean that cancels and costs digits."""
        return to_units(0, self.scale) if self.transform is None else self.units

    def describe(self) -> str:
        """Return the range of the numbers as a text."""
        return f'{self.low:g} to {self.high:g}' + (f' {self.unit}' if self.unit else '')

    def differences(self, other: 'Numbers') -> str:
        """Return how the numbers of another table differ; ``''`` if they do not."""
        near = _NEAR * (abs(self.mean) + self.scale)
        if max(abs(self.mean - other.mean), abs(self.scale - other.scale)) > near:
            return (
                f'mean {self.mean:.6g} and deviation {self.scale:.6g} there, '
                f'{other.mean:.6g} and {other.scale:.6g} here'
            )
        transforms = [type(each.transform) for each in (self, other)]
        if (self.form, self.unit) != (other.form, other.unit) or len(set(transforms)) > 1:
            return 'numbers in another form'
        return ''

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as JSON types, for `from_json`."""
        fields = {'mean': self.mean, 'scale': self.scale, 'low': self.low, 'high': self.high}
        more = {
            'decimal': self.form.decimal,
            'thousands': self.form.thousands,
            'unit': self.unit,
            'transform': None if self.transform is None else self.transform.to_json(),
        }
        return fields | {name: value for name, value in more.items() if value != _NEW[name]}

    @classmethod
    def from_json(cls, content: Any) -> 'Numbers':
        """Return what `to_json` described.

        Raises:
          ValueError: The content describes no numbers.
        """
        fields: Any = {**_NEW, **content} if isinstance(content, Mapping) else content
        statistics = ('mean', 'scale', 'low', 'high')
        check_fields(fields, {*statistics, *_NEW})
        numbers = [fields[name] for name in statistics]
        if not are_numbers(numbers) or fields['scale'] < 0 or not isinstance(fields['unit'], str):
            raise ValueError(f'numbers of a column have another form. Found {fields!r:.300}.')
        form = NumberForm(fields['decimal'], fields['thousands'])
        mean, scale, low, high = numbers
        transform = transform_of(fields['transform'])
        return cls(mean, scale, low, high, form, fields['unit'], transform)


def _is_other(value: Any, unit: str) -> bool:
    return isinstance(value, str) and unit_of(value)[1] not in ('', unit)
