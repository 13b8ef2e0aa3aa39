"""A molecule as one vector, and the energies of its free atoms."""

import numpy as np

from mtljax.data._qm9.files import ATOMS, CHARGES

_BOHR = 0.529177210903  # Angstrom
_CHUNK = 4096  # molecules whose [29, 29] matrices are held at once
_REFERENCES = {  # Hartree: energies at 0 K and 298 K, enthalpy, free energy
    'H': (-0.500273, -0.498857, -0.497912, -0.510927),
    'C': (-37.846772, -37.845355, -37.844411, -37.861317),
    'N': (-54.583861, -54.582445, -54.581501, -54.598897),
    'O': (-75.064579, -75.063163, -75.062219, -75.079532),
    'F': (-99.718730, -99.717314, -99.716370, -99.733544),
}


def descriptors(charges: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Describe the composition and the geometry of molecules by vectors, float32 ``[N, 38]``.

    A vector holds the number of atoms of H, C, N, O and F, and of all; the 29 eigenvalues of the
    Coulomb matrix, by absolute value, the largest first; and the three eigenvalues of the second
    moments of the nuclear charges about their centre. They do not change when a molecule is moved
    or turned, or when its atoms are numbered in another order.

    >>> water = np.zeros((1, 29)), np.zeros((1, 29, 3))
    >>> water[0][0, :3], water[1][0, 1:3] = (8, 1, 1), ((0, 0.76, 0.59), (0, -0.76, 0.59))
    >>> descriptors(*water)[0, :7].round().tolist()
    [2.0, 0.0, 0.0, 1.0, 0.0, 3.0, 74.0]
    """
    vectors = np.empty((len(charges), len(CHARGES) + 1 + ATOMS + 3), np.float32)
    for start in range(0, len(charges), _CHUNK):
        rows = slice(start, start + _CHUNK)
        z, r = charges[rows], positions[rows] / _BOHR
        vectors[rows] = np.concatenate([counts(z), _coulomb(z, r), _moments(z, r)], axis=1)
    return vectors


def counts(charges: np.ndarray) -> np.ndarray:
    """The number of atoms of each element, and of all elements, ``[N, 6]``."""
    each = [(charges == charge).sum(1) for charge in CHARGES.values()]
    return np.stack([*each, (charges > 0).sum(1)], axis=1)


def free_atoms(charges: np.ndarray) -> np.ndarray:
    """The sum of the energies of the atoms of each molecule, ``[N, 4]``, Hartree."""
    return counts(charges)[:, :-1] @ np.array(list(_REFERENCES.values()))


def _coulomb(z, r):
    """The Coulomb matrix, in atomic units.

    It is ``Z_i^2.4 / 2`` on the diagonal, and ``Z_i Z_j / |R_i - R_j|`` elsewhere.
    """
    distance = np.linalg.norm(r[:, :, None] - r[:, None], axis=-1)
    pair = z[:, :, None] * z[:, None]
    apart = (pair > 0) & ~np.eye(ATOMS, dtype=bool)
    matrix = np.where(apart, pair / np.where(apart, distance, 1), 0)
    diagonal = np.arange(ATOMS)
    matrix[:, diagonal, diagonal] = 0.5 * z**2.4
    values = np.linalg.eigvalsh(matrix)
    order = np.argsort(-abs(values), axis=1, kind='stable')
    return np.take_along_axis(values, order, axis=1)


def _moments(z, r):
    """The eigenvalues of ``sum_i Z_i (R_i - c) (R_i - c)^T``, ``[N, 3]``."""
    share = z / z.sum(1, keepdims=True)
    centred = r - np.einsum('na,nad->nd', share, r)[:, None]
    return np.linalg.eigvalsh(np.einsum('na,nad,nae->nde', z, centred, centred))
