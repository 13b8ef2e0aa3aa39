"""The rows of tables and figures, made from runs."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from experiments.compare.run import Run
from mtljax import analysis
from mtljax.training import Results


class Row(NamedTuple):
    """A row of the table, as validation sees it.

    Attributes:
      method: The name of the row.
      scores: ``{seed: score}`` of the seeds whose training did not fail, with finite scores.
      parameters: The number of parameters.
    """

    method: str
    scores: Mapping[int, float]
    parameters: int

    @property
    def quality(self) -> tuple[int, float]:
        """The number of scores, and their mean. A larger tuple is better."""
        return len(self.scores), _mean(self.scores.values())

    @property
    def best_seed(self) -> int:
        """The seed with the best score; of equal ones, the first."""
        return max(self.scores, key=lambda seed: self.scores[seed])


def chosen(runs: Sequence[Run]) -> list[Run]:
    """Return the runs of the variant with the best validation, for every method and single task.

    The best variant has the most finite scores. If several variants have equally many, the one with
    the highest mean score over seeds is the best. Test results are not used.
    """

    def quality(variant: Sequence[Run]) -> tuple[int, float]:
        scores = [run.score for run in variant if math.isfinite(run.score)]
        return len(scores), _mean(scores)

    groups: dict[tuple[str, str | None], dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run.method, run.task), {}).setdefault(run.variant, []).append(run)
    best = []
    for variants in groups.values():
        best += max(variants.values(), key=quality)
    return best


def ranked(runs: Sequence[Run], select: Callable[[Results], float]) -> list[Row]:
    """Return the rows, from the best to the worst on the validation split.

    The score of a seed is ``select`` of its results on all tasks, also for single-task runs. The
    best row has the most seeds with a finite score. Of these rows, it has the highest mean score;
    if means are equal, the fewest parameters.

    Args:
      runs: The chosen runs.
      select: A function from validation results to a score. Higher is better.
    """
    validation: dict[str, dict[int, Results]] = {}
    for run in runs:
        seeds = validation.setdefault(run.method, {})
        seeds[run.seed] = seeds.get(run.seed, {}) | run.validation
    broken = {(run.method, run.seed) for run in runs if run.error}
    sizes = {record.method: record.parameters for record in records(runs)}
    rows = []
    for method, seeds in validation.items():
        scores = {seed: float(select(results)) for seed, results in seeds.items()}
        finite = {
            seed: score
            for seed, score in scores.items()
            if math.isfinite(score) and (method, seed) not in broken
        }
        rows.append(Row(method, finite, sizes[method]))
    return sorted(rows, key=lambda row: (*(-each for each in row.quality), row.parameters))


def records(runs: Sequence[Run]) -> list[analysis.Record]:
    """Return one record per method and seed; single-task runs of one seed become one record."""
    merged: dict[tuple[str, int], analysis.Record] = {}
    for run in runs:
        before = merged.get((run.method, run.seed))
        record = analysis.Record(run.method, run.seed, run.test, run.parameters, run.seconds)
        if before is not None:
            record = record._replace(
                test=before.test | run.test,
                parameters=before.parameters + run.parameters,
                seconds=before.seconds + run.seconds,
            )
        merged[run.method, run.seed] = record
    return list(merged.values())


def histories(runs: Sequence[Run]) -> Mapping[str, list[list[dict[str, Any]]]]:
    """Return the logged rows of the runs of each method."""
    rows: dict[str, list[list[dict[str, Any]]]] = {}
    for run in runs:
        rows.setdefault(run.method, []).append(run.history)
    return rows


def _mean(scores: Collection[float]) -> float:
    return sum(scores) / len(scores) if scores else -math.inf
