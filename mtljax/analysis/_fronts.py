"""Figures that show the trade-off between two tasks."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Summary = Mapping[str, Mapping[str, tuple[float, float]]]
"""``{method: {quantity: (mean, standard error)}}``."""

_MOST = 6


def fronts(
    results: Summary, quantities: Sequence[str], better: Mapping[str, bool], title: str = ''
) -> 'Figure':
    """A figure of the trade-off between tasks, with one panel for every pair of metrics.

    Each panel shows the mean and the standard error of every method, and the Pareto front. Better
    values are to the right and up. At most six panels are drawn. If there are more pairs, the
    figure shows the pairs whose metrics have the closest positions in the list ``quantities``.

    Args:
      results: The result of `summary`.
      quantities: The names of two or more metrics in ``results``, usually the main metric of each
        task.
      better: ``{quantity: whether higher is better}``.
      title: The title of the figure.

    >>> results = {'hard': {'a mae': (0.5, 0.1), 'b auc': (0.7, 0.0)}}
    >>> figure = fronts(results, ['a mae', 'b auc'], {'a mae': False, 'b auc': True})
    >>> [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    [('a mae (less is better)', 'b auc')]
    """
    from matplotlib.figure import Figure

    order = {quantity: index for index, quantity in enumerate(quantities)}
    every = itertools.combinations(quantities, 2)
    pairs = sorted(every, key=lambda pair: order[pair[1]] - order[pair[0]])[:_MOST]
    columns = min(len(pairs), 3)
    lines = math.ceil(len(pairs) / columns)
    height = max(3.2 * lines, 0.2 * len(results) + 0.6)  # room for the legend
    figure = Figure(figsize=(3.6 * columns + 1.8, height), layout='constrained')
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (first, second) in zip(panels, pairs, strict=False):
        points = {name: (row[first], row[second]) for name, row in results.items()}
        _draw(axes, points, better[first], better[second])
        for quantity, name in ((first, 'x'), (second, 'y')):
            hint = '' if better[quantity] else ' (less is better)'
            axes.set(**{f'{name}label': f'{quantity}{hint}'})
    for axes in panels[len(pairs) :]:
        axes.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    handles = [getattr(handle, 'lines', [handle])[0] for handle in handles]  # no error bars
    figure.legend(handles, labels, loc='outside right upper', frameon=False, fontsize='small')
    figure.suptitle(title)
    return figure


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """The indices of the points on the Pareto front, where higher is better.

    A point is on the front if no different point is at least as high along both axes.

    >>> pareto([(0.0, 1.0), (1.0, 0.0), (0.5, -1.0), (0.0, 0.5)])
    [0, 1]
    """

    def beaten(point):
        return any(
            other != point and all(o >= p for o, p in zip(other, point, strict=True))
            for other in points
        )

    return [index for index, point in enumerate(points) if not beaten(point)]


def _draw(axes, points, *better):
    known = {name: point for name, point in points.items() if all(_finite(v) for v, _ in point)}
    for index, (name, point) in enumerate(points.items()):
        if name not in known:
            continue
        (x, dx), (y, dy) = point
        spread = {'xerr': dx if _finite(dx) else 0, 'yerr': dy if _finite(dy) else 0}
        axes.errorbar(
            x,
            y,
            fmt='o',
            capsize=2,
            markersize=5,
            color=f'C{index % 10}',
            label=name,
            markerfacecolor='white' if index >= 10 else f'C{index % 10}',
            **spread,
        )
    signs = [1 if up else -1 for up in better]
    means = [tuple(s * v for s, (v, _) in zip(signs, p, strict=True)) for p in known.values()]
    front = sorted(means[index] for index in pareto(means))
    if front:
        line = [
            [s * v for v in values]
            for s, values in zip(signs, zip(*front, strict=True), strict=True)
        ]
        axes.plot(*line, color='0.6', linewidth=1, linestyle='--', zorder=1, label='Pareto front')
    for up, axis in zip(better, 'xy', strict=True):
        if not up:
            getattr(axes, f'invert_{axis}axis')()
    axes.locator_params(nbins=5)
    axes.grid(alpha=0.3)


def _finite(value):
    return math.isfinite(value)
