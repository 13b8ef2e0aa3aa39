"""The trainings of an advise: each is kept in the folder, and its time is measured."""

from collections.abc import Sequence
from typing import NamedTuple

from ml_collections import ConfigDict

from experiments.advise.clock import Clock
from experiments.advise.scaled import shortened
from experiments.compare.methods import Cell
from experiments.compare.run import Run
from experiments.compare.runs import Runs

DEFAULT = 'hard'


class Proposal(NamedTuple):
    """A way to share, which may be trained.

    Attributes:
      method: Its name.
      config: The config of a whole training.
      why: Why it is proposed, in words.
      task: The only task that is trained; None for all tasks.
    """

    method: str
    config: ConfigDict
    why: str
    task: str | None = None


class Lab:
    """Trains proposals for a share of their steps, within a budget.

    Args:
      runs: The runs in the folder.
      clock: The budget.
      share: The share of the steps.
    """

    def __init__(self, runs: Runs, clock: Clock, share: float):
        self.runs, self.clock, self.share = runs, clock, share

    def cell(self, proposal: Proposal) -> Cell:
        """Return the method and the config that are trained."""
        variant = '' if self.share == 1 else f'{self.share:g} of the steps'
        config = shortened(proposal.config, self.share)
        return Cell(proposal.method, variant, proposal.task, config)

    def cost(self, proposal: Proposal, seeds: Sequence[int]) -> float:
        """Return the time that the missing runs will take, in seconds."""
        missing = len(seeds) - self.runs.there(self.cell(proposal), seeds)
        return missing * self.clock.expected(self._kind(proposal), self._kind_of(DEFAULT))

    def fits(self, proposal: Proposal, seeds: Sequence[int], kept: float = 0.0) -> bool:
        """Return whether the runs fit into the budget, of which a part is kept for later."""
        cost = self.cost(proposal, seeds)
        return cost == 0 or cost <= self.clock.left - kept

    def train(self, proposal: Proposal, seeds: Sequence[int]) -> list[Run]:
        """Train what is missing, and return the runs of all seeds."""
        cell = self.cell(proposal)
        missing = len(seeds) - self.runs.there(cell, seeds)
        title = ', '.join(filter(None, (cell.method, cell.task, cell.variant)))
        if not missing:
            return self.runs.train(cell, seeds, title)
        with self.clock.timed(self._kind(proposal), missing):
            return self.runs.train(cell, seeds, title)

    def _kind(self, proposal: Proposal) -> str:
        return self._kind_of('single' if proposal.task else proposal.method)

    def _kind_of(self, method: str) -> str:
        return f'{method} at {self.share:g}'
