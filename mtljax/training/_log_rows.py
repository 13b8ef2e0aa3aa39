"""The rows of ``metrics.jsonl``."""

import json
import math
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_LARGEST = 2**63  # of whole numbers; one of 400 digits does not fit a float


def read_rows(path: Path) -> list[Row]:
    r"""Read the file ``metrics.jsonl``, in which `train` logs losses and metrics.

    Each line of the file is one row. Lines that are damaged or incomplete are left out. A value
    ``null`` is read as NaN, because JSON has no NaN.

    Args:
      path: The path of the file. If the file does not exist, there are no rows.

    Returns:
      The rows, ``[{'step': ..., name: value}, ...]``.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / 'metrics.jsonl'
    ...     _ = path.write_text('{"step": 1}\n{"st')  # the second line is incomplete
    ...     read_rows(path)
    [{'step': 1}]
    """
    return split_rows(path)[0]


def split_rows(path: Path) -> tuple[list[Row], list[bytes]]:
    """Return the rows of a file, and its damaged lines.

    An incomplete last line, which a kill leaves behind, is in neither of the two.
    """
    rows: list[Row] = []
    damaged: list[bytes] = []
    *lines, _ = path.read_bytes().split(b'\n') if path.exists() else [b'']
    for line in lines:
        row = _row_of(line)
        if row is None:
            damaged.append(line)
        else:
            rows.append(row)
    return rows, damaged


def line_of(row: Mapping[str, Any]) -> str:
    """Return a row as a line of strict JSON, with null for NaN and infinity.

    >>> line_of({'step': 1, 'loss/a': math.nan})
    '{"step": 1, "loss/a": null}'
    """
    plain = {name: value if math.isfinite(value) else None for name, value in row.items()}
    return json.dumps(plain, allow_nan=False)


def sum_of_rows(rows: Iterable[Mapping[str, Any]], start: int = 0) -> int:
    """Return the CRC-32 of the lines of rows.

    Args:
      rows: The rows.
      start: The CRC-32 of the lines before them.
    """
    for row in rows:
        start = zlib.crc32(f'{line_of(row)}\n'.encode(), start)
    return start


def _row_of(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get('step'), int):
        return None
    if not all(value is None or _is_number(value) for value in row.values()):
        return None
    return {name: math.nan if value is None else value for name, value in row.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < _LARGEST)
