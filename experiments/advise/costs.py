"""What the choice costs, beside the default and one network per task."""

from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from experiments import build
from experiments.advise.advise import Advice
from experiments.advise.proposals import default, singles
from experiments.compare.latency import parameters, seconds_of
from experiments.compare.methods import Cell
from experiments.compare.runs import Runs
from mtljax import analysis
from mtljax.analysis import Table

NOTE = (
    'FLOP: of a forward pass for one row. ms: from one encoded row to its predictions, median; '
    'the rows of the table take turns.'
)


def costs(setups: Mapping[str, Sequence[build.Setup]]) -> Table:
    """Return the parameters, the FLOPs and the time of an answer for one row.

    Args:
      setups: The models of each row of the table; several models answer one after the other.
    """
    seconds = seconds_of(setups, 1)
    rows = []
    for name, several in setups.items():
        flops = sum(_flops(built) for built in several)
        time = f'{1e3 * np.median(seconds[name]):.2f}'
        rows.append([name, f'{parameters(several):,}', f'{flops:,.0f}', time])
    return Table(['model', 'parameters', 'FLOP', 'ms'], rows)


def setups(advice: Advice, config: ConfigDict, runs: Runs) -> dict[str, list[build.Setup]]:
    """Return the models: one per task, the default, and the choice."""
    plain = default(config)
    every = {'alone': singles(config, [*advice.scores.mean_changes([])]), 'default': [plain]}
    chosen = advice.race.proposals.get(advice.choice.method)
    if chosen is not None and chosen.method != plain.method:
        every[chosen.method] = [chosen]
    return {
        name: [runs.setup(Cell(each.method, '', each.task, each.config)) for each in several]
        for name, several in every.items()
    }


def _flops(built: build.Setup) -> float:
    example = built.dataset.train.take(np.zeros(1, np.int64)).inputs
    return analysis.cost(built.model, example).flops
