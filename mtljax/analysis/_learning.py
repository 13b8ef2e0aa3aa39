"""Learning curves of several methods."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(
    histories: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
    panels: Mapping[str, str],
    title: str = '',
) -> 'Figure':
    """A figure of the learning curves of several methods, with one panel per quantity.

    It shows the mean of every method over its seeds, and the range of the seeds.

    Args:
      histories: ``{method: [log of each run]}``. A log is a list of rows such as
        ``{'step': 1, 'validation/left/accuracy': 0.5}``.
      panels: ``{quantity: title of its panel}``, with names from the log such as
        ``'validation/left/accuracy'``.
      title: The title of the figure.

    >>> rows = [{'step': 1, 'validation/a/mae': 0.5}, {'step': 2, 'validation/a/mae': 0.4}]
    >>> figure = learning_curves({'hard': [rows]}, {'validation/a/mae': 'a mae'})
    >>> [axes.get_title() for axes in figure.axes]
    ['a mae']
    """
    from matplotlib.figure import Figure

    columns = min(len(panels), 4)
    lines = math.ceil(len(panels) / columns)
    height = max(2.7 * lines, 0.2 * len(histories) + 0.6)  # room for the legend
    figure = Figure(figsize=(3.2 * columns + 1.6, height), layout='constrained')
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, heading) in zip(grid, panels.items(), strict=False):
        for index, (method, runs) in enumerate(histories.items()):
            style = {'color': f'C{index % 10}', 'linestyle': '-' if index < 10 else '--'}
            _draw(axes, runs, name, method, style)
        axes.set(title=heading, xlabel='step')
        axes.grid(alpha=0.3)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside right upper', frameon=False, fontsize='small')
    figure.suptitle(title)
    return figure


def _draw(axes, runs, name, label, style):
    points: dict[int, list[float]] = {}
    for rows in runs:
        for row in rows:
            if name in row:
                points.setdefault(row['step'], []).append(row[name])
    steps = sorted(points)
    if steps:
        axes.plot(steps, [statistics.fmean(points[s]) for s in steps], label=label, **style)
        spans = [[pick(points[s]) for s in steps] for pick in (min, max)]
        axes.fill_between(steps, *spans, color=style['color'], alpha=0.15, linewidth=0)
