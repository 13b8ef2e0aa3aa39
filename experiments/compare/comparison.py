"""A comparison: its methods and seeds, checked before anything is trained, then trained."""

from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare.methods import Cell, cells
from experiments.compare.plan import Plan
from experiments.compare.runs import Run, Runs
from mtljax.base import Dataset


class Comparison:
    """Methods over seeds.

    With ``config.fresh_data``, every seed also draws data of its own, ``data.seed``: methods are
    then paired by data and seed.

    Args:
      config: the common part.
      plan: what to compare.
      runs: where runs are kept.
      dataset: ``(data spec) -> Dataset``.

    Raises:
      UsageError: what cannot be compared.
    """

    def __init__(
        self, config: ConfigDict, plan: Plan, runs: Runs, dataset: Callable[[Any], Dataset]
    ):
        build.check_fields(config)
        self._runs, self.tasks = runs, dataset(config.data).tasks
        wanted = cells(config, plan, list(self.tasks))
        self._groups = [_jobs(cell, plan.seeds) for cell in wanted]
        self._jobs = [job for group in self._groups for job in group]

    @property
    def size(self) -> int:
        """The number of runs."""
        return sum(len(seeds) for _, seeds in self._jobs)

    def check(self) -> int:
        """See that every method fits: how many of its runs are there already.

        Raises:
          UsageError: what does not fit, or a file that is no run.
        """
        for (cell, seeds), *_ in self._groups:  # seeds with data of their own are alike
            self._runs.check(cell, seeds)
        return sum(self._runs.there(cell, seeds) for cell, seeds in self._jobs)

    def train(self, title: str = '') -> list[Run]:
        """All runs; those that are missing are trained.

        Args:
          title: of the comparison, in what is shown meanwhile.
        """
        found = []
        for index, (cell, seeds) in enumerate(self._jobs, 1):
            words = ', '.join(filter(None, (title, cell.method, cell.task, cell.variant)))
            found += self._runs.train(cell, seeds, f'{words} ({index} of {len(self._jobs)})')
        return found


def _jobs(cell: Cell, seeds: list[int]) -> list[tuple[Cell, list[int]]]:
    if not cell.config.get('fresh_data', False):
        return [(cell, seeds)]
    if 'seed' not in cell.config.data:
        raise program.UsageError('config.fresh_data needs config.data.seed. Found none.')
    found = []
    for seed in seeds:
        config = cell.config.copy_and_resolve_references()
        config.data.seed = seed
        found.append((cell._replace(config=config), [seed]))
    return found
