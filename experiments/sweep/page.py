"""The page of a sweep."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.compare.methods import BASELINE
from experiments.compare.run import Run
from experiments.report import (
    Html,
    Page,
    Panel,
    Section,
    Series,
    interval_rows,
    joined,
    provenance,
    sortable,
    span,
)
from experiments.sweep.points import Sweep
from experiments.sweep.report import Report, Scores, differences
from mtljax.analysis import mean_and_error

_BARS = (
    'On the test split. The bar is the standard error over seeds, the vertical line the mean of {}.'
)
_JUDGED = (
    'Differences to {}, seed by seed, with 95 % intervals. A hollow point is within noise: its '
    'interval contains 0, the vertical line.'
)


def page_of(
    report: Report,
    best: Mapping[str, Sequence[Run]],
    sweep: Sweep,
    config: Mapping[str, Any],
    title: str,
    workdir: Path,
) -> Page:
    """Return the page of a sweep.

    Args:
      report: The tables and scores.
      best: The chosen runs, ``{value: runs}``.
      sweep: The sweep.
      config: The config, as JSON types.
      title: The title of the page.
      workdir: The folder of the sweep.
    """
    runs = [run for each in best.values() for run in each]
    methods = list(dict.fromkeys(run.method for run in runs))
    series = Series(methods, sweep.reference if sweep.reference in methods else BASELINE)
    sections = [
        Section(quantity, _quantity(report, quantity, at, sweep, series))
        for at, quantity in enumerate(report.scores)
    ]
    made = provenance(
        workdir,
        config,
        devices=sorted({device for run in runs for device in run.devices}),
        code=sorted({run.code for run in runs}),
    )
    facts = {
        'values': str(len(best)),
        'methods': str(len(methods)),
        'seeds': str(len({run.seed for run in runs})),
    }
    found = [*filter(None, (_found(quantity, report, sweep) for quantity in report.scores))]
    sections.append(Section('How this was made', made))
    return Page(f'Sweep of {sweep.field}', title, found, facts, sections)


def _quantity(report: Report, quantity: str, at: int, sweep: Sweep, series: Series) -> Html:
    """Return the figures and tables of a quantity, whose tables are the pair number ``at``."""
    scores, more = report.scores[quantity], report.better[quantity]
    labels = list(next(iter(scores.values())))
    means = {
        method: {label: mean_and_error(list(seeds.values())) for label, seeds in row.items()}
        for method, row in scores.items()
    }
    panels = [
        Panel(
            label,
            {method: span(*row[label]) for method, row in means.items()},
            means[sweep.reference][label][0],
            more,
        )
        for label in labels
    ]
    (_, table, caption), (_, paired, words) = report.tables[2 * at : 2 * at + 2]
    rows = _sorted(scores, more, sweep.reference)
    parts = [interval_rows(panels, rows, _BARS.format(sweep.reference), series, one_scale=True)]
    parts.append(sortable(table, caption, dict.fromkeys(table.columns[1:], more)))
    found = differences(scores, sweep)
    if found:
        judged = [
            Panel(
                label, {method: span(*row[label]) for method, row in found.items()}, 0, more, True
            )
            for label in next(iter(found.values()))
        ]
        rows = [method for method in rows if method in found]
        parts.append(interval_rows(judged, rows, _JUDGED.format(sweep.reference), one_scale=True))
        parts.append(sortable(paired, words))
    return joined(parts)


def _sorted(scores: Scores, more_is_better: bool, reference: str) -> list[str]:
    """Return the methods: the reference, and then the best mean over all values first."""

    def place(method: str) -> tuple[bool, float]:
        values = [score for seeds in scores[method].values() for score in seeds.values()]
        mean = mean_and_error(values)[0]
        return math.isnan(mean), -mean if more_is_better else mean

    return [reference, *sorted((name for name in scores if name != reference), key=place)]


def _found(quantity: str, report: Report, sweep: Sweep) -> str:
    """Return at how many values the methods are better or worse than the reference."""
    more, count = report.better[quantity], len(sweep.values)
    groups: dict[str, list[str]] = {}
    for method, row in differences(report.scores[quantity], sweep).items():
        pairs = [pair for pair in list(row.values())[:count] if math.isfinite(pair[0])]
        if any(math.isnan(half) for _, half in pairs):
            return ''  # one seed has no interval
        sure = [mean for mean, half in pairs if abs(mean) > half]
        better = sum((mean > 0) == more for mean in sure)
        words = _where(better, len(sure) - better, len(pairs) - len(sure), count)
        groups.setdefault(words, []).append(method)
    if not groups:
        return ''
    parts = [
        f'{", ".join(methods)} {"is" if len(methods) == 1 else "are"} {words}'
        for words, methods in groups.items()
    ]
    return f'{quantity}, against {sweep.reference}: {"; ".join(parts)}.'


def _where(better: int, worse: int, noise: int, count: int) -> str:
    """Return at how many values a method is better and worse, as words.

    >>> _where(3, 0, 0, 3), _where(1, 0, 2, 3)
    ('better at all 3 values', 'better at 1 and within noise at 2 of 3 values')
    """
    groups = {'better': better, 'worse': worse, 'within noise': noise}
    groups['without a result'] = count - better - worse - noise
    parts = [f'{words} at {number}' for words, number in groups.items() if number]
    if len(parts) == 1:
        return (
            f'{parts[0].rpartition(" ")[0]} {f"all {count} values" if count > 1 else "the value"}'
        )
    return f'{", ".join(parts[:-1])} and {parts[-1]} of {count} values'
