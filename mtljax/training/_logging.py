"""The log of a run: JSON lines, and the loggers that get the same rows."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mtljax._extra import MissingExtraError
from mtljax.files import append_bytes, write_text
from mtljax.training._log_rows import Row, line_of, split_rows, sum_of_rows
from mtljax.training._log_to_tensorboard import log_to_tensorboard
from mtljax.training._logger import Logger, LogStart, OpenLogger

DAMAGED = 'metrics.damaged'
_log = logging.getLogger(__name__)


class Log:
    """Rows ``{'step': ..., name: value}``, in memory, and in ``metrics.jsonl`` of a folder.

    The loggers get the same rows. A logger that fails gets no more rows, and a warning says so.

    Args:
      workdir: The folder of the file. None keeps the rows in memory only.
      resume: The step that training continues from. Rows of later steps are deleted, because
        training writes them again. Damaged lines are moved to the file ``metrics.damaged``.
      expected: The checksum of the rows up to that step; None if it is not known.
      loggers: Functions that open the loggers. None means the events of TensorBoard.
      seed: The seed of the run.

    Attributes:
      rows: All rows.
      sum: The checksum of all rows.

    Raises:
      MissingExtraError: A logger needs a package that is not installed.

    >>> log = Log(None)
    >>> log.write(1, {'loss/a': 0.5})
    >>> log.rows
    [{'step': 1, 'loss/a': 0.5}]
    """

    def __init__(
        self,
        workdir: Path | None,
        resume: int = 0,
        expected: int | None = None,
        loggers: Sequence[OpenLogger] | None = None,
        seed: int = 0,
    ):
        self.rows: list[Row] = []
        self.sum = 0
        self._loggers: list[tuple[str, Logger]] = []
        self._path = None if workdir is None else workdir / 'metrics.jsonl'
        if workdir is not None and self._path is not None:
            rows, damaged = split_rows(self._path)
            _keep_aside(workdir, damaged)
            self.rows = [row for row in rows if row['step'] <= resume]
            self.sum = sum_of_rows(self.rows)
            if expected not in (None, self.sum) and not damaged:
                _log.warning('%s: a row up to step %d is changed or missing.', self._path, resume)
            write_text(self._path, ''.join(line_of(row) + '\n' for row in self.rows))
        start = LogStart(workdir, resume, seed)
        for opened in (log_to_tensorboard(),) if loggers is None else loggers:
            self._open(opened, start)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row."""
        self.rows.append({'step': step, **values})
        self.sum = sum_of_rows(self.rows[-1:], self.sum)
        if self._path is not None:
            append_bytes(self._path, f'{line_of(self.rows[-1])}\n'.encode())
        self._each(lambda logger: logger.write(step, values))

    def flush(self) -> None:
        """Flush the loggers, for example write the TensorBoard events to the disk."""
        self._each(lambda logger: logger.flush())

    def close(self) -> None:
        """Close the loggers."""
        self._each(lambda logger: logger.close())

    def _open(self, opened: OpenLogger, start: LogStart) -> None:
        name = getattr(opened, '__qualname__', type(opened).__name__).split('.')[0]
        try:
            logger = opened(start)
        except MissingExtraError:
            self.close()
            raise
        except Exception as error:
            _warn(name, error)
        else:
            if logger is not None:
                self._loggers.append((name, logger))

    def _each(self, call: Callable[[Logger], None]) -> None:
        for pair in [*self._loggers]:
            try:
                call(pair[1])
            except Exception as error:
                self._loggers.remove(pair)
                _warn(pair[0], error)


def _warn(name: str, error: Exception) -> None:
    _log.warning(
        'The logger %s failed and gets no more rows; training and metrics.jsonl go on. %s: %s',
        name,
        type(error).__name__,
        error,
    )


def _keep_aside(workdir: Path, lines: list[bytes]) -> None:
    if lines:
        append_bytes(workdir / DAMAGED, b''.join(line + b'\n' for line in lines))
        _log.warning(
            '%s has %d damaged lines. They were moved to %s.',
            workdir / 'metrics.jsonl',
            len(lines),
            workdir / DAMAGED,
        )
