"""Checks of the columns of a schema, which may come from a stranger."""

from collections.abc import Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.data._table.arrays import is_coded
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.transforms import Log1p, Single

_WIDEST = 1 << 20  # units of a layer


def check_schema(
    targets: Sequence[Column], inputs: Sequence[Column], flat: Any, hidden: Any
) -> None:
    """Raise a ValueError unless a table may have these columns.

    Args:
      targets: The columns that are predicted.
      inputs: The columns that are read.
      flat: Whether the inputs are one array.
      hidden: The sizes of the hidden layers of the heads.

    >>> check_schema([], [], False, [])
    Traceback (most recent call last):
    ValueError: no input
    """
    names = [column.name for column in (*targets, *inputs)]
    roles = [column.target for column in (*targets, *inputs)]
    if len(set(names)) < len(names) or roles != sorted(roles, reverse=True):
        raise ValueError('columns that no table has')
    if not all(_is_target(column.content) for column in targets):
        raise ValueError('targets that no table has')
    if not all(_is_input(column.content) for column in inputs):
        raise ValueError('inputs that no table has')
    if all(column.content is None for column in inputs):
        raise ValueError('no input')
    if not isinstance(flat, bool) or (flat and any(map(is_coded, inputs))):
        raise ValueError('inputs that are no array of numbers')
    if not isinstance(hidden, list) or not all(map(_is_width, hidden)):
        raise ValueError(f'hidden layers of other sizes, {shown(hidden)}')


def _is_target(content: Any) -> bool:
    return isinstance(content, Numbers) or (
        isinstance(content, Categories) and len(content.names) > 1
    )


def _is_input(content: Any) -> bool:
    if isinstance(content, Categories):
        return all(isinstance(name, str) for name in content.names)
    return not isinstance(content, Numbers) or isinstance(content.transform, Log1p | Single | None)


def _is_width(width: Any) -> bool:
    return type(width) is int and 0 < width < _WIDEST
