"""Writing tables of answers, part by part."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mtljax.files import npz_of, replacing, write_bytes

Write = Callable[[Mapping[str, np.ndarray]], None]
"""A function that writes the columns of more rows, ``{column: array [N]}``."""


@contextmanager
def writer_of(path: Path) -> Iterator[Write]:
    """Open a file, by its ending, that is complete or not there at all.

    Args:
      path: The path of a file .csv or .npz.

    Yields:
      A function that writes more rows.
    """
    if path.suffix == '.npz':
        parts: list[Mapping[str, np.ndarray]] = []
        yield parts.append
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        write_bytes(path, npz_of({name: _typed(column) for name, column in whole.items()}))
        return
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding='utf-8', newline='')
        rows, header = csv.writer(text, lineterminator='\n'), []

        def write(columns: Mapping[str, np.ndarray]) -> None:
            if not header:
                header.extend(columns)
                rows.writerow(header)
            rows.writerows(zip(*map(_texts, columns.values()), strict=True))

        yield write
        text.flush()
        text.detach()


def _texts(column: np.ndarray) -> list[str]:
    """The texts of a column; a number has the fewest digits that give the same float32 again."""
    texts = column.astype(str)
    if np.issubdtype(column.dtype, np.floating):
        texts[~np.isfinite(column)] = ''
    return texts.tolist()


def _typed(column: np.ndarray) -> np.ndarray:
    return column.astype(str) if column.dtype == object else column
