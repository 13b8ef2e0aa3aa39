"""A comparison: all its methods and seeds are checked first, and then trained."""

from collections.abc import Callable, Sequence
from typing import Any

from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare.methods import Cell, cells
from experiments.compare.plan import Plan
from experiments.compare.run import Run
from experiments.compare.runs import Runs
from mtljax.base import Dataset


class Comparison:
    """Methods that are trained with several seeds.

    With ``config.fresh_data``, every seed also draws its own data, by ``data.seed``. The methods
    are then compared on the same data and the same seed.

    Args:
      config: The common part of all configs.
      plan: The methods and seeds to compare.
      runs: The runs in the folder of the comparison.
      dataset: A function ``(data spec) -> Dataset``.

    Raises:
      UsageError: The methods cannot be compared.
    """

    def __init__(
        self, config: ConfigDict, plan: Plan, runs: Runs, dataset: Callable[[Any], Dataset]
    ):
        build.check_fields(config)
        self._runs, self.dataset = runs, dataset(config.data)
        self.tasks = self.dataset.tasks
        every = cells(config, plan, list(self.tasks))
        self._groups = [_jobs(cell, plan.seeds) for cell in every]
        self._jobs = [job for group in self._groups for job in group]

    @property
    def size(self) -> int:
        """The number of runs."""
        return sum(len(seeds) for _, seeds in self._jobs)

    def check(self) -> None:
        """Check that every method can be trained.

        Raises:
          UsageError: Something does not fit together, or a file does not hold a run.
        """
        for (cell, seeds), *_ in self._groups:  # seeds differ in their data only: check one
            self._runs.check(cell, seeds)

    def recover(self) -> int:
        """Finish what a killed comparison left behind. Call this while the folder is locked.

        Returns:
          The number of runs that are already in the folder.
        """
        self._runs.recover()
        return sum(self._runs.there(cell, seeds) for cell, seeds in self._jobs)

    def train(self, title: str = '') -> list[Run]:
        """Train the missing runs, and return all runs.

        Args:
          title: The title of the comparison in the progress bar.
        """
        runs = []
        for index, (cell, seeds) in enumerate(self._jobs, 1):
            words = ', '.join(filter(None, (title, cell.method, cell.task, cell.variant)))
            runs += self._runs.train(cell, seeds, f'{words} ({index} of {len(self._jobs)})')
        return runs

    def parts(self, runs: Sequence[Run]) -> list[tuple[Cell, Run]]:
        """Return each run with its cell."""
        cells = {
            (cell.method, cell.variant, cell.task, seed): cell
            for cell, seeds in self._jobs
            for seed in seeds
        }
        return [(cells[run.method, run.variant, run.task, run.seed], run) for run in runs]


def _jobs(cell: Cell, seeds: list[int]) -> list[tuple[Cell, list[int]]]:
    if not cell.config.get('fresh_data', False):
        return [(cell, seeds)]
    if 'seed' not in cell.config.data:
        raise program.UsageError(
            'config.fresh_data needs config.data.seed. Found no such field. Add it.'
        )
    jobs = []
    for seed in seeds:
        config = cell.config.copy_and_resolve_references()
        config.data.seed = seed
        jobs.append((cell._replace(config=config), [seed]))
    return jobs
