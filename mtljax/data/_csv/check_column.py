"""A check of the JSON form of a column, which may come from a stranger."""

import math
from collections.abc import Mapping
from typing import Any

from mtljax._shown import shown

_FIELDS = {'name', 'target', 'missing', 'empty', 'numbers', 'categories'}
_STATISTICS = {'mean', 'scale', 'low', 'high'}


def check_column(fields: Any) -> None:
    """Raise a ValueError unless these fields describe a column.

    >>> check_column({'name': 3})
    Traceback (most recent call last):
    ValueError: A column should have the fields ... Found {'name': 3}.
    """
    if not isinstance(fields, Mapping) or fields.keys() != _FIELDS:
        raise ValueError(
            f'A column should have the fields {sorted(_FIELDS)}. Found {shown(fields)}.'
        )
    numbers, categories = fields['numbers'], fields['categories']
    rules = {
        'name': isinstance(fields['name'], str),
        'target': isinstance(fields['target'], bool),
        'missing': _are(fields['missing'], str),
        'empty': _is_finite(fields['empty']),
        'numbers': numbers is None or _are_statistics(numbers),
        'categories': categories is None or _are_names(categories),
    }
    wrong = [name for name, holds in rules.items() if not holds]
    if wrong:
        name = wrong[0]
        raise ValueError(f'{name} of a column has another form. Found {shown(fields[name])}.')
    if numbers is not None and categories is not None:
        raise ValueError('A column should hold numbers or categories. Found both.')


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _are_names(values: Any) -> bool:
    """Return whether these are different texts, or different finite numbers."""
    known = _are(values, str) or (isinstance(values, list) and all(map(_is_finite, values)))
    return known and len(set(values)) == len(values)


def _are_statistics(numbers: Any) -> bool:
    known = isinstance(numbers, Mapping) and numbers.keys() == _STATISTICS
    return known and all(map(_is_finite, numbers.values())) and numbers['scale'] >= 0


def _is_finite(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 1 << 1023
