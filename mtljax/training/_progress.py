"""A progress bar for a run."""

import contextlib
from collections.abc import Mapping

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress(contextlib.AbstractContextManager):
    """A progress bar with steps, losses and steps per second.

    Args:
      steps: The total number of steps.
      title: The title of the bar. None shows no bar.
    """

    def __init__(self, steps: int, title: str | None):
        self._bar = Bar(
            TextColumn('{task.description}', markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn('{task.fields[losses]}', markup=False),
            TextColumn('{task.fields[rate]}'),
            TimeRemainingColumn(),
            disable=title is None,
        )
        self._task = self._bar.add_task(title or '', total=steps, losses='', rate='')

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *error):
        self._bar.stop()

    def advance(self, step: int, losses: Mapping[str, float], rate: float) -> None:
        """Show the state after ``step`` and the mean losses of the last chunk."""
        text = '  '.join(f'{task} {value:.3f}' for task, value in losses.items())
        self._bar.update(self._task, completed=step, losses=text, rate=f'{rate:,.0f} steps/s')
