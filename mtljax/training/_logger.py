"""What a logging back end does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol


class Logger(Protocol):
    """A place where training logs its rows, such as TensorBoard.

    If a method raises an error, the logger gets no more rows, and a warning says so. The training
    and ``metrics.jsonl`` go on.
    """

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Log values, ``{name: value}``, which may be NaN. A step may have several such rows."""
        ...

    def flush(self) -> None:
        """Send what is still in memory. Training calls this after each evaluation."""
        ...

    def close(self) -> None:
        """Send what is still in memory, and end. Training calls this at the end, also on errors."""
        ...


class LogStart(NamedTuple):
    """The start of a training, for its loggers.

    Attributes:
      workdir: The folder of the run, or None.
      step: The step that training continues from; 0 for a new run. After an interruption, training
        writes rows of later steps again, with the same values.
      seed: The seed of the run.
    """

    workdir: Path | None
    step: int
    seed: int


OpenLogger = Callable[[LogStart], Logger | None]
"""Opens the logger of one run, when its training starts. None means that there is nothing to do.

If several seeds train in one program, each seed has its own logger.
"""
