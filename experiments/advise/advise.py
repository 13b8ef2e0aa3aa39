"""Measure, propose, train, and choose, within a budget of time."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from experiments import program
from experiments.advise.choice import Choice, choose
from experiments.advise.clock import Clock
from experiments.advise.estimate import estimated
from experiments.advise.evidence import Evidence, evidence, is_balanced, pairs, transfer_of
from experiments.advise.lab import Lab, Proposal
from experiments.advise.limits import within
from experiments.advise.proposals import default, proposals, singles
from experiments.advise.race import Race, race
from experiments.advise.request import Request
from experiments.advise.scaled import watched
from experiments.advise.scores import Scores
from experiments.compare.methods import BASELINE
from experiments.compare.run import Run
from experiments.compare.runs import Runs
from mtljax.base import Task

_SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)  # of the steps
_PROBES, _PROBED = (0.0625, 0.25), 0.05  # shares of the steps, and of the budget for the first
_MORE = 1.25  # as long as the shortest trainings
_PROPOSALS = 6  # that the share leaves time for
_KEPT = 0.4  # of the budget, which has to be left for an estimate
_FIRST, _SEEDS = 0.5, 3  # of the budget, for the first round with so many seeds


class Advice(NamedTuple):
    """What was found.

    Attributes:
      share: The share of the steps of the trainings.
      alone: The runs of each task alone; empty if there was no time.
      evidence: What the trainings say about the tasks.
      race: What was trained.
      choice: What to use.
      scores: How good runs are.
      refused: Why proposals were left out, ``{method: why}``.
    """

    share: float
    alone: Sequence[Run]
    evidence: Evidence
    race: Race
    choice: Choice
    scores: Scores
    refused: Mapping[str, str]


def advise(
    config: ConfigDict,
    tasks: Mapping[str, Task],
    request: Request,
    runs: Runs,
    clock: Clock,
    folder: Path,
) -> Advice | None:
    """Return what to use; None if the budget is too small for any statement.

    Args:
      config: The config.
      tasks: The tasks of the data set.
      request: What the user asks for.
      runs: The runs in the folder.
      clock: The budget.
      folder: The folder.
    """
    plain = default(config)
    lab, seeds = _first_round(plain, len(tasks), config.seed, runs, clock)
    if lab is None:
        return None
    watch = _watched(plain, lab.share)
    hard = lab.train(watch, seeds)
    alone = _alone(singles(config, list(tasks)), lab, seeds)
    scores = Scores(tasks, alone or hard, request.primary)
    if request.tolerate and not alone:
        _say('--tolerate is not checked: there was no time to train each task alone.')
        request = request._replace(tolerate={})
    transfer = _transfer(config, tasks, lab, seeds, scores) if alone else None
    is_measured = transfer is not None
    if not is_measured and len(tasks) > 2 and clock.left > _KEPT * clock.budget:
        transfer = estimated(lab, watch, seeds[0], folder / 'estimate.json')
    found = evidence(hard, transfer, [*tasks], is_measured=is_measured)
    listed = proposals(config, found.branching, found.groups, balanced=is_balanced(found))
    allowed, refused = within(lab, listed, request)
    raced = race(lab, watch, allowed, scores, seeds)
    final = {method: raced.runs[method] for method in {watch.method, *raced.finalists()}}
    if alone:
        final[BASELINE] = _together(alone, seeds)
    choice = choose(final, watch.method, seeds, scores, request)
    clock.write()
    return Advice(lab.share, alone, found, raced, choice, scores, refused)


def _first_round(
    plain: Proposal, num_tasks: int, seed: int, runs: Runs, clock: Clock
) -> tuple[Lab | None, list[int]]:
    """Choose the share of the steps, and the seeds of the first round, from short trainings."""
    count, allowed = num_tasks + 1 + _PROPOSALS, _FIRST * clock.budget
    fixed, per_share, whole = _times(plain, seed, runs, clock, count)
    if (num_tasks + 1) * whole > clock.budget:
        needed = count * whole / _FIRST
        _say(
            f'The budget of {clock.budget:.0f} s is too small for a statement: the shortest '
            f'trainings take about {needed:.0f} s in total. Pass --budget={needed / 60 + 1:.0f}m, '
            'for example.'
        )
        return None, []
    # where most of the time is compilation, longer trainings cost little more
    most = max(allowed, _MORE * count * (fixed + _SHARES[-1] * per_share))
    share = next(share for share in _SHARES if count * (fixed + share * per_share) <= most)
    several = count * (fixed + _SEEDS * share * per_share) <= allowed
    words = 'all steps' if share == 1 else f'{share:g} of the steps'
    _say(f'Trainings take {words} of the config, for the budget of {clock.budget:.0f} s.')
    return Lab(runs, clock, share), [seed + k for k in range(_SEEDS if several else 1)]


def _times(
    plain: Proposal, seed: int, runs: Runs, clock: Clock, count: int
) -> tuple[float, float, float]:
    """Return the fixed seconds of a run, those of all its steps, and those of the shortest run.

    The seconds of a short run are mostly those of its evaluations and its log. Unless it says that
    there is time enough, a second run, which is longer, tells them from those of the steps.
    """
    spent = []
    for share in _PROBES:
        lab = Lab(runs, clock, share)
        trained = lab.train(plain, [seed])[0].seconds
        wall = max(clock.expected(f'{plain.method} at {share:g}', ''), trained)
        spent.append((share, trained if math.isfinite(trained) else 0.0, wall))
        enough = count * (wall + _SEEDS * spent[0][1] / share) <= _FIRST * clock.budget
        if enough or wall > _PROBED * clock.budget:
            break
    (first, trained, wall), (last, longer, _) = spent[0], spent[-1]
    per_share = max(0.0, longer - trained) / (last - first) if len(spent) > 1 else trained / first
    return max(0.0, wall - first * per_share), per_share, wall


def _say(text: str) -> None:
    program.console.print(text, markup=False, highlight=False)


def _watched(plain: Proposal, share: float) -> Proposal:
    return plain._replace(config=watched(plain.config, share))


def _alone(every: Sequence[Proposal], lab: Lab, seeds: Sequence[int]) -> list[Run]:
    """Train each task alone; return nothing if there is no time for all."""
    found: list[Run] = []
    for proposal in every:
        if not lab.fits(proposal, seeds):
            return []
        found += lab.train(proposal, seeds)
    return found


def _transfer(
    config: ConfigDict, tasks: Mapping[str, Task], lab: Lab, seeds: Sequence[int], scores: Scores
):
    """Train pairs of tasks, and return what they gain; None if there was no time."""
    found = {}
    for both, proposal in pairs(config, tasks, lab, seeds).items():
        if not lab.fits(proposal, seeds):
            return None
        found[both] = lab.train(proposal, seeds)
    return transfer_of(found, scores, [*tasks]) if found else None


def _together(alone: Sequence[Run], seeds: Sequence[int]) -> list[Run]:
    """Return the runs of single tasks as one run per seed."""
    joined = []
    for seed in seeds:
        parts = [run for run in alone if run.seed == seed]
        joined.append(
            parts[0]._replace(
                task=None,
                validation={t: row for run in parts for t, row in run.validation.items()},
                test={t: row for run in parts for t, row in run.test.items()},
                parameters=sum(run.parameters for run in parts),
                seconds=sum(run.seconds for run in parts),
                error=next((run.error for run in parts if run.error), ''),
            )
        )
    return joined
