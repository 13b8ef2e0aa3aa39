"""The molecules of QM9 as the package qm9pack ships them."""

import math
import re
from array import array
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax._shown import shown
from mtljax.data._reading.names import check_header, first_repeat
from mtljax.data._reading.paths import require
from mtljax.data._reading.rows import numbers, rows

FILES = ('qm9_part1.csv', 'qm9_part2.csv', 'qm9_part3.csv')
SOURCE = 'python -m experiments.data fetch qm9 brings them from the package qm9pack.'
_AGAIN = 'Fetch the files again: python -m experiments.data fetch qm9.'
ATOMS = 29  # of the largest molecule
CHARGES = {'H': 1, 'C': 6, 'N': 7, 'O': 8, 'F': 9}
COLUMNS = {
    'mu': 'Dipole_debye',
    'alpha': 'Polarizability_bohr3',
    'homo': 'HOMO_au',
    'lumo': 'LUMO_au',
    'r2': 'R2_bohr2',
    'zpve': 'ZPVE_au',
    'U0': 'InternalEnergy_0K_au',
    'U': 'InternalEnergy_298K_au',
    'H': 'Enthalphy_298K_au',
    'G': 'GibbsFreeEnergy_298K_au',
    'Cv': 'Heatcapacity_Cv_cal_mol_K',
}
_BRACKETS = str.maketrans('', '', '[]')


class Molecules(NamedTuple):
    """Geometries and properties of N molecules.

    Attributes:
      charges: The charges of the nuclei, ``[N, 29]``, 0 after the last atom.
      positions: The positions in Angstrom, ``[N, 29, 3]``, 0 after the last atom.
      properties: The properties in the units of the file, ``[N, 11]``, in the order of `COLUMNS`.
    """

    charges: np.ndarray
    positions: np.ndarray
    properties: np.ndarray


def read_molecules(folder: Path) -> Molecules:
    """Read the molecules of the three files.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: A file lacks columns or rows, a cell has unexpected content (the error names the
        file and the row), or a molecule occurs twice.
    """
    layout = '\n'.join(FILES)
    parts = [_read(require(folder / name, layout, SOURCE)) for name in FILES]
    molecules = Molecules(*map(np.concatenate, zip(*parts, strict=True)))
    atoms = zip(molecules.charges, molecules.positions, strict=True)
    again = first_repeat(hash((z.tobytes(), r.tobytes())) for z, r in atoms)
    if again is not None:
        raise ValueError(
            f'{folder} should hold every molecule once. Found molecule {again + 1} of the files '
            f'twice. {_AGAIN}'
        )
    return molecules


def _read(path):
    table = rows(path)
    header, wanted = next(table), ['Elements', 'XYZ_Ang', *COLUMNS.values()]
    check_header(path, header, wanted)
    where = [header.index(name) for name in wanted]
    sizes, charges, positions, cells = array('i'), array('d'), array('d'), []
    for number, row in enumerate(table, 2):
        elements, xyz, *properties = (row[index] for index in where)
        nuclei = _charges(path, number, elements)
        sizes.append(len(nuclei))
        charges.extend(nuclei)
        positions.extend(_positions(path, number, xyz, len(nuclei)))
        cells.append(properties)
    if not cells:
        raise ValueError(f'{path} should hold molecules below its header. Found none. {_AGAIN}')
    properties = [
        numbers(path, name, column, first=2, empty=False)
        for name, column in zip(wanted[2:], zip(*cells, strict=True), strict=True)
    ]
    there = np.arange(ATOMS) < np.array(sizes)[:, None]
    padded = np.zeros((*there.shape, 4))
    padded[there, 0] = charges
    padded[there, 1:] = np.array(positions).reshape(-1, 3)
    return padded[..., 0], padded[..., 1:], np.stack(properties, axis=1)


def _charges(path, number, cell):
    symbols = re.findall(r'\w+', cell)
    if not 1 <= len(symbols) <= ATOMS or not set(symbols) <= set(CHARGES):
        raise ValueError(
            f'{path}, row {number}: Elements should hold 1 to {ATOMS} symbols out of '
            f'{list(CHARGES)}. Found {shown(cell)}. {_AGAIN}'
        )
    return [CHARGES[symbol] for symbol in symbols]


def _positions(path, number, cell, atoms):
    try:
        places = [float(part) for part in cell.translate(_BRACKETS).split(',')]
    except ValueError:
        places = []
    different = {*zip(places[::3], places[1::3], places[2::3], strict=False)}
    wrong = len(places) != 3 * atoms or len(different) != atoms
    if wrong or not math.isfinite(sum(places)):
        raise ValueError(
            f'{path}, row {number}: XYZ_Ang should hold {atoms} different triples of numbers. '
            f'Found {cell[:60]!r}. {_AGAIN}'
        )
    return places
