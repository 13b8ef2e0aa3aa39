"""The log of a run: JSON lines and TensorBoard events."""

import logging
from collections.abc import Mapping
from pathlib import Path

from mtljax.files import append_bytes, write_text
from mtljax.training._events import Events
from mtljax.training._log_rows import Row, line_of, split_rows, sum_of_rows

DAMAGED = 'metrics.damaged'
_log = logging.getLogger(__name__)


class Log:
    """Rows ``{'step': ..., name: value}``, in memory and, if there is a folder, on disk.

    ``metrics.jsonl`` gets one line per row. The TensorBoard events are written to the same folder.

    Args:
      workdir: The folder of the files. None keeps the rows in memory only.
      resume: The step that training continues from. Rows of later steps are deleted, because
        training writes them again. Damaged lines are moved to the file ``metrics.damaged``.
      expected: The checksum of the rows up to that step; None if it is not known.

    Attributes:
      rows: All rows.
      sum: The checksum of all rows.

    >>> log = Log(None)
    >>> log.write(1, {'loss/a': 0.5})
    >>> log.rows
    [{'step': 1, 'loss/a': 0.5}]
    """

    def __init__(self, workdir: Path | None, resume: int = 0, expected: int | None = None):
        self.rows: list[Row] = []
        self.sum = 0
        self._events = self._path = None
        if workdir is not None:
            self._path = workdir / 'metrics.jsonl'
            rows, damaged = split_rows(self._path)
            _keep_aside(workdir, damaged)
            self.rows = [row for row in rows if row['step'] <= resume]
            self.sum = sum_of_rows(self.rows)
            if expected not in (None, self.sum) and not damaged:
                _log.warning('%s: a row up to step %d is changed or missing.', self._path, resume)
            write_text(self._path, ''.join(line_of(row) + '\n' for row in self.rows))
            self._events = Events(workdir, resume + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row."""
        self.rows.append({'step': step, **values})
        self.sum = sum_of_rows(self.rows[-1:], self.sum)
        if self._path is not None and self._events is not None:
            append_bytes(self._path, f'{line_of(self.rows[-1])}\n'.encode())
            self._events.write(step, values)

    def flush(self) -> None:
        """Write the TensorBoard events to the disk."""
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Write what is not on the disk yet."""
        self.flush()


def _keep_aside(workdir: Path, lines: list[bytes]) -> None:
    if lines:
        append_bytes(workdir / DAMAGED, b''.join(line + b'\n' for line in lines))
        _log.warning(
            '%s has %d damaged lines. They were moved to %s.',
            workdir / 'metrics.jsonl',
            len(lines),
            workdir / DAMAGED,
        )
