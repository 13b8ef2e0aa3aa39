"""Attribute-relation files (.arff), as Weka and Mulan write them."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from mtljax._shown import shown
from mtljax.data._reading.open import read_lines

_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"[^"]*"|[^\s{]++)\s*(.+)""", re.I)
_NUMERIC = ('numeric', 'real', 'integer')


class Arff(NamedTuple):
    """A table of text.

    Attributes:
      names: The names of the attributes.
      nominal: ``{name: values}`` for the attributes that are not numeric.
      columns: The cells of each attribute; ``''`` stands for ``?``.
      lines: The line number of each row.
    """

    names: list[str]
    nominal: dict[str, list[str]]
    columns: list[tuple[str, ...]]
    lines: list[int]


def read_arff(path: Path) -> Arff:
    """Read the attributes and cells of an .arff file, gzipped or not, without parsing numbers.

    Raises:
      ValueError: The file has no attribute or no row, a type other than numbers and nominal values,
        a sparse row, a row with another number of fields, an empty cell (``?`` marks a missing
        value), or a value that its attribute does not declare. The error names file and line.
    """
    lines = [line.strip() for line in read_lines(path)]
    names, nominal, start = _header(path, lines)
    body = [
        (number, line)
        for number, line in enumerate(lines[start:], start + 1)
        if line and not line.startswith('%')
    ]
    if not body:
        raise ValueError(f'{path} should hold rows after @data. Found no row.')
    columns = list(
        zip(*(_row(path, number, line, len(names)) for number, line in body), strict=True)
    )
    numbers = [number for number, _ in body]
    for name, column in zip(names, columns, strict=True):
        _check_declared(path, name, nominal.get(name), column, numbers)
    return Arff(names, nominal, columns, numbers)


def _row(path, number, line, size):
    row = _fields(path, number, line)
    if line.startswith('{'):
        raise ValueError(f'{path}, line {number}: the row should be dense. Found a sparse row.')
    if len(row) != size:
        raise ValueError(
            f'{path}, line {number}: the row should have {size} fields. Found {len(row)}.'
        )
    if '' in row:
        raise ValueError(
            f"{path}, line {number}: a missing value should be '?'. Found an empty cell."
        )
    return ['' if cell == '?' else cell for cell in row]


def _header(path, lines):
    names, nominal, known = [], {}, set()
    for number, line in enumerate(lines, 1):
        if line.lower().startswith('@data'):
            if not names:
                raise ValueError(
                    f'{path}, line {number}: @data should follow an @attribute. Found none before.'
                )
            return names, nominal, number
        if line.lower().startswith('@attribute'):
            name, values = _attribute(path, number, line)
            if name in known:
                raise ValueError(
                    f'{path}, line {number}: attributes should have different names. '
                    f'Found {shown(name)} twice.'
                )
            names.append(name)
            known.add(name)
            if values is not None:
                nominal[name] = values
        elif line and not line.startswith('%') and not line.lower().startswith('@relation'):
            raise ValueError(
                f'{path}, line {number}: this line should be an @attribute. Found {shown(line)}.'
            )
    raise ValueError(f'{path} should be a whole .arff file. Found no @data.')


def _attribute(path, number, line):
    """Return the name of an attribute, and its values if it is nominal."""
    match = _ATTRIBUTE.fullmatch(line)
    if not match:
        raise ValueError(
            f'{path}, line {number}: the line should be "@attribute NAME TYPE". Found '
            f'{shown(line)}.'
        )
    name, kind = match[1].strip('\'"'), match[2].strip()
    if kind.startswith('{') and kind.endswith('}'):
        return name, _fields(path, number, kind[1:-1])
    if kind.lower().split()[0] not in _NUMERIC:
        raise ValueError(
            f'{path}, line {number}: the type of an attribute should be {", ".join(_NUMERIC)} or '
            f'{{a, b, ...}}. Found {shown(kind)}.'
        )
    return name, None


def _fields(path, number, line):
    try:
        fields = next(csv.reader([line], quotechar="'", skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(f'{path}, line {number}: {error}') from error
    return [field.strip() for field in fields]


def _check_declared(path, name, values, column, numbers):
    if values is None:
        return
    known = {*values, ''}
    for number, cell in zip(numbers, column, strict=True):
        if cell not in known:
            raise ValueError(
                f'{path}, line {number}: {shown(name)} should be one of {shown(values)}. Found '
                f'{shown(cell)}.'
            )
