"""What differs between the columns of two tables."""

from collections.abc import Mapping

from mtljax._shown import shown
from mtljax.data._csv.column import Column, Numbers

_NEAR = 1e-6  # what another machine may compute differently


def differences(there: Mapping[str, Column], here: Mapping[str, Column]) -> list[str]:
    """Return one phrase per column that differs.

    >>> there = {'city': Column('city', False, ('',), 0.0, categories=('Bern', 'Oslo'))}
    >>> here = {'city': Column('city', False, ('',), 0.0, categories=('Bern', 'Rome'))}
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
    if there.kind != here.kind:
        return f'{there.kind} there, {here.kind} here'
    if there.categories is not None and here.categories is not None:
        gone = [name for name in there.categories if name not in set(here.categories)]
        new = [name for name in here.categories if name not in set(there.categories)]
        phrases = [f'without the categories {shown(gone)}'] if gone else []
        phrases += [f'with the new ones {shown(new)}'] if new else []
        return ', '.join(phrases)
    if there.numbers is not None and here.numbers is not None:
        return _scales(there.numbers, here.numbers)
    return ''


def _scales(there: Numbers, here: Numbers) -> str:
    near = _NEAR * (abs(there.mean) + there.scale)
    if max(abs(there.mean - here.mean), abs(there.scale - here.scale)) <= near:
        return ''
    return (
        f'mean {there.mean:.6g} and deviation {there.scale:.6g} there, '
        f'{here.mean:.6g} and {here.scale:.6g} here'
    )
