"""Figures and arrays as the bytes of a file."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from mtljax.options import check_count


def png_of(figure: Any, dpi: int = 150) -> bytes:
    """Return a figure as the bytes of a PNG file, for `write_bytes`.

    Args:
      figure: A figure of matplotlib.
      dpi: The number of pixels per inch.

    >>> from matplotlib.figure import Figure
    >>> png_of(Figure())[1:4]
    b'PNG'
    """
    check_count('dpi', dpi, 1)
    content = io.BytesIO()
    figure.savefig(content, dpi=dpi, format='png')
    return content.getvalue()


def npz_of(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as the bytes of an NPZ file, for `write_bytes`.

    Args:
      arrays: ``{name: array}``.

    >>> with np.load(io.BytesIO(npz_of({'x': [1, 2]}))) as file:
    ...     file['x'].tolist()
    [1, 2]
    """
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()
