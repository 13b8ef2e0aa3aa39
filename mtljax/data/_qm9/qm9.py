"""QM9: eleven properties of small molecules, one task each."""

import os

import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._qm9.descriptors import descriptors, free_atoms
from mtljax.data._qm9.files import COLUMNS, Molecules, read_molecules
from mtljax.data._qm9.schema import schema_of
from mtljax.data._reading.paths import folder_of
from mtljax.data._reading.scaling import apply_scale, fit_scale, to_units
from mtljax.data._splits.array_split import array_split
from mtljax.data._table.numbers import Numbers
from mtljax.options import check_count, check_seed

_HELD = 10_000
_MILLI_EV = 27.211386246e3  # of one Hartree
_ENERGIES = ('homo', 'lumo', 'zpve', 'U0', 'U', 'H', 'G')
_UNITS = dict.fromkeys(_ENERGIES, 'meV') | {
    'mu': 'Debye',
    'alpha': 'Bohr^3',
    'r2': 'Bohr^2',
    'Cv': 'cal / mol K',
}


def qm9(
    path: str | os.PathLike | None = None, *, train: int | None = None, seed: int = 0
) -> Dataset:
    """QM9: eleven properties of 130,831 small molecules, with one task for each property.

    The molecules have up to nine heavy atoms (Ramakrishnan et al., Scientific Data 2014,
    https://doi.org/10.1038/sdata.2014.22). The tasks, the units and the split follow the benchmark
    in Navon et al., ICML 2022, https://arxiv.org/abs/2202.01017. That benchmark predicts the
    properties from graphs. Here, the inputs are vectors. The folder ``path`` holds the
    following files of the Python package qm9pack. The files may be gzipped::

        qm9_part1.csv
        qm9_part2.csv
        qm9_part3.csv

    Inputs ``[B, 38]`` are standardised. They are the number of atoms of each element, the number
    of all atoms, the eigenvalues of the Coulomb matrix (Rupp et al., PRL 2012,
    https://doi.org/10.1103/PhysRevLett.108.058301), and the second moments of the nuclear charges
    along their three principal axes.

    Targets ``[B]`` are standardised with the mean and the standard deviation of the training rows.
    The metric ``mae`` has the unit of the property: Debye for ``mu``, Bohr^3 for ``alpha``, Bohr^2
    for ``r2``, cal / mol K for ``Cv``, and meV for ``homo``, ``lumo``, ``zpve``, ``U0``, ``U``,
    ``H`` and ``G``. ``U0``, ``U``, ``H`` and ``G`` are energies of atomisation: the energies of the
    free atoms, as the authors of the data publish them, are subtracted. No label is missing.

    A run can answer for new tables of descriptors in their own units, as the function
    ``descriptors`` in ``mtljax/data/_qm9/descriptors.py`` computes them. The columns are
    ``atoms_H``, ``atoms_C``, ``atoms_N``, ``atoms_O``, ``atoms_F``, ``atoms``, ``coulomb_1`` to
    ``coulomb_29`` and ``moment_1`` to ``moment_3``.

    The molecules are permuted at random. The first 10,000 are the test split, the next 10,000 are
    the validation split, and the rest is the training split. If there are fewer than 100,000
    molecules, the test and the validation split have a tenth each.

    Args:
      path: The folder. By default it is the one that ``python -m experiments.data fetch qm9``
        fills.
      train: The number of training molecules to keep. By default all are kept.
      seed: The random seed of the permutation.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: A file does not have the expected content. In this case, the error names the row.
        A ValueError is also raised if a molecule with the same atoms at the same places occurs
        twice, if there are fewer than ten molecules, or if there are fewer training molecules than
        ``train``.

    >>> qm9('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/qm9_part1.csv is missing. Expected:
    ...
    """
    check_seed('seed', seed)
    if train is not None:
        check_count('train', train, 1)
    molecules = read_molecules(folder_of(path, 'qm9'))
    parts = _parts(len(molecules.charges), train, seed)
    rows = np.concatenate(parts)
    chosen = Molecules(*(array[rows] for array in molecules))
    training_rows = slice(len(rows) - len(parts[-1]), None)
    vectors, properties = descriptors(chosen.charges, chosen.positions), _properties(chosen)
    mean, scale = fit_scale(vectors.astype(np.float64)[training_rows])
    labels = _labels(properties[training_rows])
    x = apply_scale(vectors, mean, scale)
    means, scales = _statistics(labels)
    y = apply_scale(properties, means, scales, list(COLUMNS))
    edges = np.cumsum([len(part) for part in parts[:-1]])
    test, validation, training = (
        array_split(inputs, dict(zip(COLUMNS, targets.T, strict=True)))
        for inputs, targets in zip(np.split(x, edges), np.split(y, edges), strict=True)
    )
    schema = schema_of(vectors[training_rows], mean, scale, labels)
    tasks = {name: _task(each) for name, each in labels.items()}
    return Dataset(tasks, training, validation, test, schema=schema.to_json())


def _labels(properties: np.ndarray) -> dict[str, Numbers]:
    """Return the statistics of the training rows ``[N, 11]``."""
    fitted = fit_scale(properties, list(COLUMNS), targets=True)
    parts = np.stack([*fitted, properties.min(0), properties.max(0)], axis=1).tolist()
    return {
        name: Numbers(*each, unit=_UNITS[name]) for name, each in zip(COLUMNS, parts, strict=True)
    }


def _statistics(labels: dict[str, Numbers]) -> tuple[list[float], list[float]]:
    return [each.mean for each in labels.values()], [each.scale for each in labels.values()]


def _task(label: Numbers) -> Task:
    errors = {'mae': metrics.mae(to_units(0, label.scale))}
    answer = answers.number(label.units, label.unit)
    return Task(heads.linear(), optax.squared_error, errors, label.units, answer=answer)


def _parts(size, train, seed):
    """Draw the rows of test, validation and training."""
    held = min(_HELD, size // 10)
    if held < 1:
        raise ValueError(
            f'The files should hold ten molecules or more. Found {size}. Fetch the files again: '
            'python -m experiments.data fetch qm9.'
        )
    order = np.random.default_rng(seed).permutation(size)
    test, validation, training = np.split(order, [held, 2 * held])
    if train is not None:
        check_count('train', train, 1)
        if train > len(training):
            raise ValueError(f'train should be {len(training)} or less. Found train = {train}.')
    return test, validation, training[:train]


def _properties(molecules):
    """Return the targets in the units of the benchmark, ``[N, 11]``."""
    values = dict(zip(COLUMNS, molecules.properties.T, strict=True))
    atoms = dict(zip(('U0', 'U', 'H', 'G'), free_atoms(molecules.charges).T, strict=True))
    energies = {name: _MILLI_EV * (values[name] - atoms.get(name, 0)) for name in _ENERGIES}
    return np.stack(list((values | energies).values()), axis=1)
