"""The progress of a run: a bar in a terminal, or else a line per evaluation."""

import contextlib
from collections.abc import Mapping

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from mtljax.training._evaluate import Results


class Progress(contextlib.AbstractContextManager):
    """A progress bar with steps, losses and steps per second.

    If the output is no terminal, such as a file or a pipe, there is no bar. `evaluated` then prints
    a line instead.

    Args:
      steps: The total number of steps.
      title: The title of the run. None shows nothing.
    """

    def __init__(self, steps: int, title: str | None):
        self._steps, self._title, self._rate = steps, title, ''
        self._bar = Bar(
            TextColumn('{task.description}', markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn('{task.fields[losses]}', markup=False),
            TextColumn('{task.fields[rate]}'),
            TimeRemainingColumn(),
        )
        self._bar.disable = title is None or not self._bar.console.is_terminal
        self._task = self._bar.add_task(title or '', total=steps, losses='', rate='')

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *error):
        self._bar.stop()

    def advance(self, step: int, losses: Mapping[str, float], rate: float) -> None:
        """Show the state after ``step`` and the mean losses of the last chunk."""
        text = '  '.join(f'{task} {value:.3f}' for task, value in losses.items())
        self._rate = f'{rate:,.0f} steps/s'
        self._bar.update(self._task, completed=step, losses=text, rate=self._rate)

    def evaluated(self, step: int, results: Results) -> None:
        """Print the validation losses after ``step``, unless there is a bar.

        >>> with Progress(20, 'mine') as progress:
        ...     progress.advance(10, {'a': 0.5}, 3.0)
        ...     progress.evaluated(10, {'a': {'loss': 0.25}})
        mine: step 10 of 20, validation loss: a 0.250, 3 steps/s
        """
        if self._title is None or not self._bar.disable:
            return
        losses = '  '.join(f'{task} {row["loss"]:.3f}' for task, row in results.items())
        print(
            f'{self._title}: step {step} of {self._steps}, validation loss: {losses}, {self._rate}',
            flush=True,
        )
