"""Learning curves: a panel per quantity, and in it a line per method."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.report.markup import Html, element, joined
from experiments.report.scale import finite, labels, number, ticks
from experiments.report.series import Series

Histories = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
_WIDTH, _HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 28
_INNER = (_WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM)
_BUDGET, _LEAST, _MOST = 12000, 20, 200  # points of all curves; of a curve: so few, so many


class _Curve(NamedTuple):
    """The mean of the seeds of a method, and their range."""

    steps: list[int]
    means: list[float]
    lows: list[float]
    highs: list[float]


def curve_panels(histories: Histories, panels: Mapping[str, str], series: Series) -> Html:
    """Return the learning curves, with one legend for all panels; nothing if the logs have none.

    Args:
      histories: ``{method: [log of each run]}``. A log is a list of rows, such as
        ``{'step': 1, 'validation/left/accuracy': 0.5}``.
      panels: ``{name in the log: title of its panel}``.
      series: The colours of the methods.
    """
    most = min(_MOST, max(_LEAST, _BUDGET // max(1, len(panels) * len(histories))))
    figures = []
    for name, title in panels.items():
        curves = {method: _curve(runs, name, most) for method, runs in histories.items()}
        curves = {method: curve for method, curve in curves.items() if curve.steps}
        if curves:
            figures.append(_figure(title, curves, series))
    if not figures:
        return Html()
    return joined([series.legend(), element('div', {'class': 'panels'}, *figures)])


def _curve(runs: Sequence[Sequence[Mapping[str, Any]]], name: str, most: int) -> _Curve:
    points: dict[int, list[float]] = {}
    for row in (row for rows in runs for row in rows):
        value = row.get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            points.setdefault(row['step'], []).append(value)
    steps = sorted(points)
    if len(steps) > most:
        kept = np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))
        steps = [steps[index] for index in kept]
    return _Curve(
        steps,
        *([pick(points[step]) for step in steps] for pick in (statistics.fmean, min, max)),
    )


def _figure(title: str, curves: Mapping[str, _Curve], series: Series) -> Html:
    x, y = _ends(curves)
    lines = [_line(curve, x, y, series, method) for method, curve in curves.items()]
    size = {'x': _LEFT, 'y': _TOP, 'width': _INNER[0], 'height': _INNER[1]}
    inside = element('svg', size, *lines)
    last = '; '.join(f'{method} {number(curve.means[-1])}' for method, curve in curves.items())
    picture = element(
        'svg',
        {
            'viewBox': f'0 0 {_WIDTH} {_HEIGHT}',
            'class': 'curves',
            'role': 'img',
            'tabindex': 0,
            'aria-label': f'{title} over the steps. At the end: {last}.',
            'data-curves': _data(curves, series),
            'data-frame': json.dumps([_LEFT, _TOP, *_INNER, *x]),
        },
        *_axes(x, y),
        inside,
        element('line', {'y1': _TOP, 'y2': _TOP + _INNER[1], 'class': 'cursor'}),
    )
    readout = element('p', {'class': 'unseen', 'aria-live': 'polite'})
    return element('figure', {}, element('figcaption', {}, title), picture, readout)


def _ends(curves: Mapping[str, _Curve]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of both axes. A few extreme values, such as the first ones, are cut off."""
    steps = [step for curve in curves.values() for step in curve.steps]
    values = [value for curve in curves.values() for value in curve.means]
    low, high = np.quantile(values, (0.1, 0.9))
    lasts = [value for c in curves.values() for value in (c.lows[-1], c.highs[-1])]
    low, high = min(low, *lasts), max(high, *lasts)
    room = 0.05 * (high - low) or abs(low) * 0.1 or 1.0
    first, end = min(steps), max(steps)
    return (first, end if end > first else first + 1), (float(low - room), float(high + room))


def _line(curve: _Curve, x, y, series: Series, method: str) -> Html:
    """Return the line of a method, and the range of its seeds."""

    def points(values):
        return [
            f'{_INNER[0] * (step - x[0]) / (x[1] - x[0]):.1f},'
            f'{_clipped(_INNER[1] * (1 - (value - y[0]) / (y[1] - y[0]))):.1f}'
            for step, value in zip(curve.steps, values, strict=True)
        ]

    parts = []
    if curve.lows != curve.highs:
        around = points(curve.lows) + points(curve.highs)[::-1]
        parts.append(element('path', {'d': 'M' + 'L'.join(around) + 'Z', 'class': 'range'}))
    path = points(curve.means)
    parts.append(element('path', {'d': 'M' + 'L'.join(path), 'class': 'line'}))
    if len(path) == 1:
        left, top = path[0].split(',')
        parts.append(element('circle', {'cx': left, 'cy': top, 'r': 3, 'class': 'point'}))
    css = series.css(method)
    return element('g', {'class': css, 'data-series': series.index(method)}, *parts)


def _clipped(place: float) -> float:
    return min(max(place, -1000.0), 2000.0)


def _axes(x: tuple[float, float], y: tuple[float, float]) -> list[Html]:
    marks = []
    right, bottom = _LEFT + _INNER[0], _TOP + _INNER[1]
    across = ticks(*x, 4)
    for value, label in zip(across, labels(across), strict=True):
        left = round(_LEFT + _INNER[0] * (value - x[0]) / (x[1] - x[0]), 1)
        end = 'end' if left > right - 12 else 'middle'
        marks.append(element('text', {'x': left, 'y': bottom + 18, 'text-anchor': end}, label))
    up = ticks(*y, 5)
    for value, label in zip(up, labels(up), strict=True):
        top = round(bottom - _INNER[1] * (value - y[0]) / (y[1] - y[0]), 1)
        rule = {'x1': _LEFT, 'x2': right, 'y1': top, 'y2': top, 'class': 'grid'}
        marks.append(element('line', rule))
        marks.append(element('text', {'x': _LEFT - 6, 'y': top + 4, 'text-anchor': 'end'}, label))
    rule = {'x1': _LEFT, 'x2': right, 'y1': bottom, 'y2': bottom, 'class': 'tick'}
    return [*marks, element('line', rule)]


def _data(curves: Mapping[str, _Curve], series: Series) -> str:
    """Return the values that the script shows at the pointer."""
    rows = [
        {
            'series': series.index(method),
            'name': method,
            'css': series.css(method),
            'steps': curve.steps,
            'values': [float(f'{value:.5g}') for value in finite(curve.means)],
        }
        for method, curve in curves.items()
    ]
    return json.dumps(rows, separators=(',', ':'))
