"""From runs to the rows of tables and figures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.compare.run import Run
from mtljax import analysis


def chosen(runs: Sequence[Run]) -> list[Run]:
    """For every method and every single task, the runs of the variant with the best validation.

    The variant with the most finite scores wins; among equals, the one with the highest mean score
    over seeds. Test results play no role.
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
    """One record per method and seed; single-task runs with the same seed become one record."""
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
    """The logged rows of each method's runs."""
    rows: dict[str, list[list[dict[str, Any]]]] = {}
    for run in runs:
        rows.setdefault(run.method, []).append(run.history)
    return rows
