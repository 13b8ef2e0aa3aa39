"""The logger of TensorBoard."""

from mtljax.training._events import Events
from mtljax.training._logger import LogStart, OpenLogger


def log_to_tensorboard() -> OpenLogger:
    """Log to TensorBoard, with a file of events in the folder of the run.

    Training does this by default. A run without a folder writes no events.

    Returns:
      A function that opens the logger; pass it to `train` in ``loggers``.

    >>> log_to_tensorboard()(LogStart(None, 0, 0)) is None
    True
    """

    def opened(start: LogStart) -> Events | None:
        return None if start.workdir is None else Events(start.workdir, start.step + 1)

    return opened
