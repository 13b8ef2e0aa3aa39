"""A progress bar for a run."""

import contextlib
from collections.abc import Mapping

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress(contextlib.AbstractContextManager):
    """Steps done, losses and steps per second.

    Args:
      steps: where it ends.
      shown: whether to draw anything.
    """

    def __init__(self, steps: int, *, shown: bool):
        self._bar = Bar(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[losses]}'),
            TextColumn('{task.fields[rate]}'),
            TimeRemainingColumn(),
            disable=not shown,
        )
        self._task = self._bar.add_task('training', total=steps, losses='', rate='')

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *error):
        self._bar.stop()

    def advance(self, step: int, losses: Mapping[str, float], rate: float) -> None:
        """Show the state after ``step``."""
        text = '  '.join(f'{task} {value:.3f}' for task, value in losses.items())
        self._bar.update(self._task, completed=step, losses=text, rate=f'{rate:,.0f} steps/s')
