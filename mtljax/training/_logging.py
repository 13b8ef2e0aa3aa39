"""The log of a run: JSON lines and TensorBoard events."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorboardX

from mtljax.files import write_text

Row = dict[str, Any]


class Log:
    """Rows ``{'step': ..., name: value}``, in memory and, if there is a folder, on disk.

    ``metrics.jsonl`` gets one line per row. The TensorBoard events are written to the same folder.

    Args:
      workdir: The folder of the files. None keeps the rows in memory only.
      resume: The step that training continues from. Rows of later steps are deleted, because
        training writes them again.

    >>> log = Log(None)
    >>> log.write(1, {'loss/a': 0.5})
    >>> log.rows
    [{'step': 1, 'loss/a': 0.5}]
    """

    def __init__(self, workdir: Path | None, resume: int = 0):
        self.rows: list[Row] = []
        self._events = self._file = None
        if workdir is not None:
            path = workdir / 'metrics.jsonl'
            self.rows = [row for row in read_rows(path) if row['step'] <= resume]
            write_text(path, ''.join(json.dumps(row) + '\n' for row in self.rows))
            self._file = path.open('a')
            self._events = tensorboardX.SummaryWriter(str(workdir), purge_step=resume + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row."""
        self.rows.append({'step': step, **values})
        if self._file is not None and self._events is not None:
            self._file.write(json.dumps(self.rows[-1]) + '\n')
            self._file.flush()
            for name, value in values.items():
                self._events.add_scalar(name, value, step)

    def close(self) -> None:
        """Close the files."""
        if self._file is not None and self._events is not None:
            self._file.close()
            self._events.close()


def read_rows(path: Path) -> list[Row]:
    r"""Read the file ``metrics.jsonl``, in which `train` logs losses and metrics.

    Each line of the file is one row. An incomplete last line is left out.

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
    rows = []
    if path.exists():
        with contextlib.suppress(json.JSONDecodeError):
            for line in path.read_text().splitlines():
                rows.append(json.loads(line))
    return rows
