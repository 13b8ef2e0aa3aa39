"""Names of columns, tasks and files."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from mtljax._near import did_you_mean
from mtljax._shown import shown


def as_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single string is one name.

    >>> as_names('price'), as_names(['price', 'sold'])
    (('price',), ('price', 'sold'))
    """
    return (names,) if isinstance(names, str) else tuple(names)


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that occur more than once, sorted.

    >>> repeated(['b', 'a', 'b'])
    ['b']
    """
    return sorted(name for name, count in Counter(names).items() if count > 1)


def first_repeat(items: Iterable[Hashable]) -> int | None:
    """Return the index of the first item that occurred before, or None.

    >>> first_repeat('abcb'), first_repeat('abc')
    (3, None)
    """
    seen = set()
    for index, item in enumerate(items):
        if item in seen:
            return index
        seen.add(item)
    return None


def check_names(
    option: str, names: Iterable[str], known: Iterable[str], kind: str = 'columns'
) -> tuple[str, ...]:
    """Return the names of an option as a tuple, after checking that all are known.

    Args:
      option: The name of the option.
      names: The names that the option holds; a single string is one name.
      known: The names that exist.
      kind: The kind of things that are named, a plural noun.

    Raises:
      ValueError: A name is unknown or given twice.

    >>> check_names('targets', 'cost', ['price', 'sold'])
    Traceback (most recent call last):
    ValueError: targets should name columns, ['price', 'sold']. Found ['cost'].
    """
    names, known = as_names(names), dict.fromkeys(known)
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f'{option} should name {kind} by texts. Found {shown(list(names))}.')
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f'{option} should name {kind}, {shown(list(known))}. Found {shown(unknown)}.'
            f'{did_you_mean(unknown, known)}'
        )
    twice = repeated(names)
    if twice:
        raise ValueError(f'{option} should name {kind} once each. Found twice: {shown(twice)}.')
    return names


def check_header(path: Path, header: Sequence[str], required: Iterable[str] = ()) -> None:
    """Refuse a header that repeats a name or lacks a required column.

    Raises:
      ValueError: The error names the file.
    """
    missing = [name for name in required if name not in header]
    if missing:
        raise ValueError(f'{path} should have the columns {missing}. Found {shown(list(header))}.')
    twice = repeated(header)
    if twice:
        raise ValueError(
            f'{path}: the columns should have different names. Found twice: {shown(twice)}.'
        )
