"""What differs between the columns of two tables."""

from collections.abc import Mapping

from mtljax._shown import shown
from mtljax.data._table.column import Column


def differences(there: Mapping[str, Column], here: Mapping[str, Column]) -> list[str]:
    """Return one phrase per column that differs.

    >>> from mtljax.data._table.categories import Categories
    >>> there = {'city': Column('city', False, ('',), 0.0, Categories(('Bern', 'Oslo')))}
    >>> here = {'city': Column('city', False, ('',), 0.0, Categories(('Bern', 'Rome')))}
    >>> differences(there, here)
    ["column 'city': without the categories ['Oslo'], with the new ones ['Rome']"]
    """
    gone, new = [*there.keys() - here.keys()], [*here.keys() - there.keys()]
    found = [f'without the columns {shown(sorted(gone))}'] if gone else []
    found += [f'with the new columns {shown(sorted(new))}'] if new else []
    for name in there.keys() & here.keys():
        phrase = _difference(there[name], here[name])
        found += [f'column {shown(name)}: {phrase}'] if phrase else []
    return sorted(found)


def _difference(there: Column, here: Column) -> str:
    if there.kind != here.kind or type(there.content) is not type(here.content):
        return f'{there.kind} there, {here.kind} here'
    return '' if there.content is None else there.content.differences(here.content)  # type: ignore
