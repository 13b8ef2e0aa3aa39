"""The columns of a table of molecules, so that new rows can be encoded."""

from collections.abc import Mapping

import numpy as np

from mtljax.data._qm9.files import ATOMS, CHARGES
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.schema import Schema
from mtljax.data._table.transforms import Single

NAMES = (
    *(f'atoms_{symbol}' for symbol in CHARGES),
    'atoms',
    *(f'coulomb_{number}' for number in range(1, ATOMS + 1)),
    *(f'moment_{number}' for number in range(1, 4)),
)
_MISSING = ('',)


def schema_of(
    vectors: np.ndarray, mean: np.ndarray, scale: np.ndarray, targets: Mapping[str, Numbers]
) -> Schema:
    """Return the schema.

    Args:
      vectors: The descriptors of the training rows, float32 ``[N, 38]``.
      mean: Their means ``[38]``.
      scale: Their standard deviations ``[38]``.
      targets: The statistics of each property.
    """
    statistics = np.stack([mean, scale, vectors.min(0), vectors.max(0)], axis=1).tolist()
    inputs = [
        Column(name, False, _MISSING, 0.0, Numbers(*each, transform=Single()))
        for name, each in zip(NAMES, statistics, strict=True)
    ]
    labels = [Column(name, True, _MISSING, 0.0, each) for name, each in targets.items()]
    return Schema(tuple(labels), tuple(inputs), flat=True)
