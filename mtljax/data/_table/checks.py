"""Checks of the JSON form of a schema, which may come from a stranger."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from mtljax._shown import shown


def check_fields(fields: Any, names: Collection[str]) -> None:
    """Raise a ValueError unless these are an object with exactly these fields.

    >>> check_fields({'name': 3}, ['name', 'unit'])
    Traceback (most recent call last):
    ValueError: The object should have the fields ['name', 'unit']. Found {'name': 3}.
    """
    if not isinstance(fields, Mapping) or fields.keys() != set(names):
        raise ValueError(
            f'The object should have the fields {sorted(names)}. Found {shown(fields)}.'
        )


def are_numbers(values: Any) -> bool:
    """Return whether this is a list of finite numbers that fit float64."""
    return isinstance(values, list) and all(map(_is_finite, values))


def are_texts(values: Any) -> bool:
    """Return whether this is a list of texts."""
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_finite(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 1 << 1023
