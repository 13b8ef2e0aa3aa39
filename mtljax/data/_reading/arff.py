"""Attribute-relation files, as Weka and Mulan write them."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from mtljax.data._reading.open import read_lines

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"[^"]*"|[^\s{]++)\s*(.+)""", re.I)
_NUMERIC = ('numeric', 'real', 'integer')


class Arff(NamedTuple):
    """A table of text.

    Attributes:
      names: of the attributes.
      nominal: ``{name: its values}`` of the attributes that are not numeric.
      columns: the cells of each attribute; ``''`` for ``?``.
      lines: the number of the line of each row.
    """

    names: list[str]
    nominal: dict[str, list[str]]
    columns: list[tuple[str, ...]]
    lines: list[int]


def read_arff(path: Path) -> Arff:
    """The attributes and cells of an .arff file, gzipped or not; numbers are not parsed yet.

    Raises:
      ValueError: no attribute, no row, a type other than numbers and nominal values, a sparse row,
        a row with another number of fields, an empty cell (what is missing is ``?``), or a value
        that its attribute does not declare; it names file and line.
    """
    lines = [line.strip() for line in read_lines(path)]
    names, nominal, start = _header(path, lines)
    kept = [
        (number, line)
        for number, line in enumerate(lines[start:], start + 1)
        if line and not line.startswith('%')
    ]
    if not kept:
        raise ValueError(f'{path} holds no row after @data.')
    columns = list(
        zip(*(_row(path, number, line, len(names)) for number, line in kept), strict=True)
    )
    numbers = [number for number, _ in kept]
    for name, column in zip(names, columns, strict=True):
        _check_declared(path, name, nominal.get(name), column, numbers)
    return Arff(names, nominal, columns, numbers)


def _row(path, number, line, size):
    row = _fields(line)
    if line.startswith('{'):
        raise ValueError(f'{path}, line {number}: sparse rows are not read.')
    if len(row) != size:
        raise ValueError(f'{path}, line {number}: {size} fields are expected. Found {len(row)}.')
    if '' in row:
        raise ValueError(f"{path}, line {number}: a cell is empty; what is missing is '?'.")
    return ['' if cell == '?' else cell for cell in row]


def _header(path, lines):
    names, nominal = [], {}
    for number, line in enumerate(lines, 1):
        if line.lower().startswith('@data'):
            if not names:
                raise ValueError(f'{path}, line {number}: @data comes before any @attribute.')
            return names, nominal, number
        if line.lower().startswith('@attribute'):
            name, values = _attribute(path, number, line)
            if name in names:
                raise ValueError(f'{path}, line {number}: a second attribute {name!r}.')
            names.append(name)
            if values is not None:
                nominal[name] = values
        elif line and not line.startswith('%') and not line.lower().startswith('@relation'):
            raise ValueError(f'{path}, line {number}: an @attribute is expected. Found {line!r}.')
    raise ValueError(f'{path} is no .arff file, or is cut: it has no @data.')


def _attribute(path, number, line):
    """The name of an attribute, and its values if it is nominal."""
    found = _ATTRIBUTE.fullmatch(line)
    if not found:
        raise ValueError(f'{path}, line {number}: {line!r} is no attribute.')
    name, kind = found[1].strip('\'"'), found[2].strip()
    if kind.startswith('{') and kind.endswith('}'):
        return name, _fields(kind[1:-1])
    if kind.lower().split()[0] not in _NUMERIC:
        raise ValueError(
            f'{path}, line {number}: attributes are {", ".join(_NUMERIC)} or {{a, b, ...}}. '
            f'Found {kind!r}.'
        )
    return name, None


def _fields(line):
    fields = next(csv.reader([line], quotechar="'", skipinitialspace=True))
    return [field.strip() for field in fields]


def _check_declared(path, name, values, column, numbers):
    if values is None:
        return
    known = {*values, ''}
    for number, cell in zip(numbers, column, strict=True):
        if cell not in known:
            raise ValueError(
                f'{path}, line {number}: {name!r} should be one of {values}. Found {cell!r}.'
            )
