"""The rows of tables and figures, made from runs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.compare.run import Run
from mtljax import analysis


def chosen(runs: Sequence[Run]) -> list[Run]:
    """Return the runs of the variant with the best validation, for every method and single task.

    The best variant has the most finite scores. If several variants have equally many, the one with
    the highest mean score over seeds is the best. Test results are not used.
    """

    def quality(variant: Sequence[Run]) -> tuple[int, float]:
        scores = [run.score for run in variant if math.isfinite(run.score)]
        return len(scores), sum(scores) / len(scores) if scores else -math.inf

    groups: dict[tuple[str, str | None], dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run.method, run.task), {}).setdefault(run.variant, []).append(run)
    best = []
    for variants in groups.values():
        best += max(variants.values(), key=quality)
    return best


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
