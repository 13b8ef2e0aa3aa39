"""Conflicts between task gradients: cosines over the steps as strips, and over the stages."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.report.intervals import Panel, interval_rows
from experiments.report.markup import Html, element, joined, note
from experiments.report.tables import heading, row_heading, scrolled
from mtljax import analysis
from mtljax.analysis import Conflicts

_CELLS = 80  # of a strip; more rows of the log are put together


def conflict_parts(rows: Sequence[Mapping[str, Any]], title: str) -> list[Html]:
    """Return the figures of a log with `surgery.watch`; nothing for another log.

    Args:
      rows: The rows of the log.
      title: The name of the run.
    """
    try:
        found = analysis.conflicts(rows)
    except ValueError:  # the log has no conflicts
        return []
    share = found.conflicting[:, 0]
    share = float(np.nanmean(share)) if np.isfinite(share).any() else math.nan
    parts = [element('h3', {}, title)]
    if math.isfinite(share):
        parts.append(note(f'In the mean of all pairs, {100 * share:.0f} % of the steps conflict.'))
    parts.append(_strips(found))
    if len(found.stages) > 1:
        parts.append(_profile(found))
    return parts


def _strips(found: Conflicts) -> Html:
    groups = np.array_split(np.arange(len(found.steps)), min(_CELLS, len(found.steps)))
    caption = 'Cosine of the gradients over the steps: blue agrees, red conflicts.'
    body = [
        element(
            'tr',
            {},
            row_heading(_breakable(pair)),
            _strip(found, groups, index),
            _mean(found.cosines[:, 0, index]),
        )
        for index, pair in enumerate(found.pairs)
    ]
    first, last = (f'step {found.steps[at]:,}' for at in (0, -1))
    ends = element('div', {'class': 'ends'}, *(element('span', {}, end) for end in (first, last)))
    table = element(
        'table',
        {'class': 'sortable strips'},
        element('caption', {}, caption),
        element('thead', {}, element('tr', {}, heading('pair'), heading('over the steps'), _MEAN)),
        element('tbody', {}, *body),
        element('tfoot', {}, element('tr', {}, element('td'), element('td', {}, ends), _EMPTY)),
    )
    return scrolled(table, caption)


_MEAN, _EMPTY = heading('mean'), element('td')


def _breakable(pair: str) -> Html:
    """Return a pair of tasks that may be broken between the two."""
    first, *others = pair.split('~')
    return joined([first, *(part for other in others for part in ('~', element('wbr'), other))])


def _strip(found: Conflicts, groups: Sequence[np.ndarray], index: int) -> Html:
    width = 100 / len(groups)
    cells = []
    for place, group in enumerate(groups):
        values = found.cosines[group, 0, index]
        if not np.isfinite(values).any():
            continue
        value = float(np.nanmean(values))
        cells.append(
            element(
                'rect',
                {
                    'x': f'{place * width:.2f}%',
                    'width': f'{width + 0.05:.2f}%',
                    'height': 22,
                    'class': 'agrees' if value >= 0 else 'conflicts',
                    'fill-opacity': f'{min(1.0, 0.08 + 0.92 * abs(value)):.2f}',
                    'data-tip': f'step {found.steps[group[-1]]:,}: {value:+.2f}',
                },
            )
        )
    mean = _nanmean(found.cosines[:, 0, index])
    picture = element('svg', {'width': '100%', 'height': 22, 'aria-hidden': 'true'}, *cells)
    return element('td', {'data-value': None if math.isnan(mean) else repr(mean)}, picture)


def _mean(values: np.ndarray) -> Html:
    mean = _nanmean(values)
    if math.isnan(mean):
        return element('td', {'class': 'none'}, 'no value')
    return element('td', {'data-value': repr(mean)}, f'{mean:+.3f}')


def _profile(found: Conflicts) -> Html:
    """Return the median of each stage, with the middle 80 % of the rows of the log."""
    stages = found.stages[1:]
    panels = [
        Panel(pair, {stage: _quantiles(found, at + 1, index) for at, stage in enumerate(stages)}, 0)
        for index, pair in enumerate(found.pairs)
    ]
    caption = 'Cosine at each stage: the median over the steps, and the middle 80 %.'
    return interval_rows(panels, stages, caption, label='stage', one_scale=True)


def _quantiles(found: Conflicts, stage: int, pair: int) -> tuple[float, float, float]:
    values = found.cosines[:, stage, pair]
    if not np.isfinite(values).any():
        return math.nan, math.nan, math.nan
    low, middle, high = np.nanquantile(values, (0.1, 0.5, 0.9)).tolist()
    return low, middle, high


def _nanmean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
