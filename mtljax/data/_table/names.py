"""Names of the columns of a table."""

from collections.abc import Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.data._reading.names import repeated


def check_columns(names: Sequence[Any]) -> None:
    """Raise a ValueError unless the names of columns are different texts.

    >>> check_columns(['a', 'b', 'a'])
    Traceback (most recent call last):
    ValueError: The columns should have different names. Found twice: ['a'].
    """
    other = [name for name in names if not isinstance(name, str)]
    if other:
        raise ValueError(f'The columns should have texts as names. Found {shown(other)}.')
    twice = repeated(names)
    if twice:
        raise ValueError(f'The columns should have different names. Found twice: {shown(twice)}.')
