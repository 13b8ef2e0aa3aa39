"""Names of columns, tasks and files."""

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path


def as_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple; one may stand alone.

    >>> as_names('price'), as_names(['price', 'sold'])
    (('price',), ('price', 'sold'))
    """
    return (names,) if isinstance(names, str) else tuple(names)


def repeated(names: Sequence[str]) -> list[str]:
    """Those that come more than once.

    >>> repeated(['b', 'a', 'b'])
    ['b']
    """
    return sorted({name for name in names if names.count(name) > 1})


def first_repeat(items: Iterable[Hashable]) -> int | None:
    """The place of the first item that has come before.

    >>> first_repeat('abcb'), first_repeat('abc')
    (3, None)
    """
    seen = set()
    for place, item in enumerate(items):
        if item in seen:
            return place
        seen.add(item)
    return None


def check_names(
    option: str, names: Iterable[str], known: Iterable[str], kind: str = 'columns'
) -> tuple[str, ...]:
    """The names of an option as a tuple; one may stand alone.

    Args:
      option: its name.
      names: what it names.
      known: what there is.
      kind: of things.

    Raises:
      ValueError: a name that there is not, or one twice.

    >>> check_names('targets', 'cost', ['price', 'sold'])
    Traceback (most recent call last):
    ValueError: targets should name columns, ['price', 'sold']. Found ['cost'].
    """
    names, known = as_names(names), list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f'{option} should name {kind}, {known}. Found {unknown}.')
    if repeated(names):
        raise ValueError(f'{option} should name {kind} once each. Found twice: {repeated(names)}.')
    return names


def check_header(path: Path, header: Sequence[str], wanted: Iterable[str] = ()) -> None:
    """Refuse a header with a name twice, or without a column that is wanted.

    Raises:
      ValueError: it names the file.
    """
    missing = [name for name in wanted if name not in header]
    if missing:
        raise ValueError(f'{path} has no column {missing}. Found {list(header)}.')
    if repeated(header):
        raise ValueError(
            f'{path}: the columns should have different names. Found twice: {repeated(header)}.'
        )
