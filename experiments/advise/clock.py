"""The time that an advise has used, over all its starts."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from mtljax.files import write_text

_END = 0.05  # of the budget, for tables and latency


class Clock:
    """A budget of time, and the time that each kind of run takes.

    Both are written to a file after every run, so that an advise that was killed goes on.

    Args:
      path: The file.
      budget: The budget in seconds.
    """

    def __init__(self, path: Path, budget: float):
        self._path, self.budget = path, budget
        self._before, self._walls = _read(path)
        self._start = time.monotonic()

    @property
    def used(self) -> float:
        """The time that was used, in seconds."""
        return self._before + time.monotonic() - self._start

    @property
    def left(self) -> float:
        """The time that is left for trainings, in seconds."""
        return (1 - _END) * self.budget - self.used

    def expected(self, name: str, like: str) -> float:
        """Return the time of one more run, in seconds.

        Args:
          name: The name of the kind of run.
          like: The kind that stands for it until its time is known.
        """
        return self._walls.get(name, self._walls.get(like, 0.0))

    @contextlib.contextmanager
    def timed(self, name: str, count: int) -> Iterator[None]:
        """Measure the time of several runs of one kind."""
        start = time.monotonic()
        yield
        self._walls[name] = (time.monotonic() - start) / count
        self.write()

    def write(self) -> None:
        """Write the file."""
        write_text(self._path, json.dumps({'used': self.used, 'seconds_per_run': self._walls}))


def _read(path: Path) -> tuple[float, dict[str, float]]:
    """Return the time used and the times of runs; nothing if the file is not there or damaged."""
    try:
        found = json.loads(path.read_bytes())
        walls = found['seconds_per_run']
        if isinstance(walls, Mapping):
            return float(found['used']), {str(name): float(wall) for name, wall in walls.items()}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return 0.0, {}
