"""The choice between what was trained, by validation."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments.advise.request import Request
from experiments.advise.scores import Scores
from experiments.compare.run import Run
from mtljax.analysis import student_interval


class Choice(NamedTuple):
    """What to use.

    Attributes:
      method: The method.
      best: The method with the best mean on validation, which may be within noise of the choice.
      difference: The mean difference of ``best`` to the default over seeds, in percent of the
        reference; below 0 is better.
      half: Half the 95 % interval of this mean; NaN for one seed.
      seeds: The number of seeds that this interval is made of.
      refused: Why methods were not allowed, ``{method: why}``.
    """

    method: str
    best: str
    difference: float
    half: float
    seeds: int
    refused: Mapping[str, str]

    @property
    def is_sure(self) -> bool:
        """Whether the best method is better than the default beyond noise."""
        return self.difference + self.half < 0


def choose(
    runs: Mapping[str, Sequence[Run]],
    default: str,
    first: Sequence[int],
    scores: Scores,
    request: Request,
) -> Choice:
    """Choose the default, unless a method is better beyond noise.

    The interval is over the seeds that did not choose the finalists, if there are three of them: a
    method that won with some seeds was partly lucky with these. Of all methods that are better than
    the default and within noise of the best one, the one with the fewest parameters is chosen.

    Args:
      runs: The runs of the finalists, ``{method: runs}``, with the default among them.
      default: The default.
      first: The seeds that chose the finalists.
      scores: How good runs are.
      request: The restrictions.
    """
    refused = {
        method: why for method, each in runs.items() if (why := _refusal(each, scores, request))
    }
    allowed = {method: each for method, each in runs.items() if method not in refused}
    by_seed = {method: scores.by_seed(each) for method, each in allowed.items()}
    reference = by_seed.get(default) or scores.by_seed(runs[default])
    found = {
        method: _against(mine, reference, first)
        for method, mine in by_seed.items()
        if method != default
    }
    found = {method: each for method, each in found.items() if each[2]}
    if not found:
        return Choice(_best(by_seed, default), default, 0.0, math.nan, 0, refused)
    best = min(found, key=lambda method: found[method][0])
    mean, half, count = found[best]
    method = default
    if mean + half < 0 or default in refused:
        method = _simplest(best, found, by_seed, runs, first)
    return Choice(method, best, mean, half, count, refused)


def _best(by_seed: Mapping[str, Mapping[int, float]], default: str) -> str:
    """Return the default, or if it is not allowed or failed, the best of the others."""
    means = {name: sum(each.values()) / len(each) for name, each in by_seed.items() if each}
    return default if default in means or not means else min(means, key=means.__getitem__)


def _simplest(
    best: str,
    found: Mapping[str, tuple[float, float, int]],
    by_seed: Mapping[str, Mapping[int, float]],
    runs: Mapping[str, Sequence[Run]],
    first: Sequence[int],
) -> str:
    """Return the smallest model that is better than the default and within noise of the best."""
    level = [best]
    for method, (mean, half, _) in found.items():
        behind, noise, _ = _against(by_seed[method], by_seed[best], first)
        if method != best and mean + half < 0 and behind - noise <= 0 <= behind + noise:
            level.append(method)
    return min(level, key=lambda method: (runs[method][0].parameters, method != best))


def _against(
    mine: Mapping[int, float], other: Mapping[int, float], first: Sequence[int]
) -> tuple[float, float, int]:
    """Return the mean difference, half its interval, and the number of seeds."""
    both = [seed for seed in mine if seed in other and math.isfinite(mine[seed] - other[seed])]
    fresh = [seed for seed in both if seed not in first]
    used = fresh if len(fresh) >= 3 else both
    if not used:
        return math.inf, math.nan, 0
    mean, half = student_interval([mine[seed] - other[seed] for seed in used])
    return mean, half, len(used)


def _refusal(runs: Sequence[Run], scores: Scores, request: Request) -> str:
    """Return why the restrictions do not allow a method; '' if they do."""
    failed = [run.seed for run in runs if run.error]
    if failed:
        return f'its loss was not finite with seed {failed[0]}'
    if request.max_parameters is not None and runs[0].parameters > request.max_parameters:
        return f'it has {runs[0].parameters:,} parameters'
    changes = scores.mean_changes(runs)
    for task, most in request.tolerate.items():
        if not changes[task] <= most:
            return f'{task} is {changes[task]:.2g} % worse than its own network'
    return ''
