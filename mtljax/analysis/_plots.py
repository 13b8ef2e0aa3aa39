"""Figures of one run and of a comparison."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure


def curves(rows: Sequence[Mapping[str, Any]], title: str = '') -> Figure:
    """Training and validation losses per task, and every validation metric, over the steps.

    Args:
      rows: of a log, ``{'step': ..., 'loss/TASK': ..., 'validation/TASK/METRIC': ...}``.
      title: of the figure.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    tasks = [name.split('/', 1)[1] for name in names if name.startswith('loss/')]
    metrics = dict.fromkeys(n.rsplit('/', 1)[1] for n in names if n.startswith('validation/'))
    panels = ['loss', *(name for name in metrics if name != 'loss')]
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout='constrained')
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for index, task in enumerate(tasks):
            color = f'C{index}'
            if panel == 'loss':
                _line(axes, rows, f'loss/{task}', color=color, alpha=0.4, label=f'{task}, training')
            name = f'validation/{task}/{panel}'
            _line(axes, rows, name, color=color, marker='.', label=f'{task}, validation')
        axes.set(xlabel='step', ylabel=panel)
        axes.grid(alpha=0.3)
        axes.legend(fontsize='small')
    figure.suptitle(title)
    return figure


def bars(
    found: Mapping[str, Mapping[str, tuple[float, float]]],
    quantities: Sequence[str],
    title: str = '',
) -> Figure:
    """One panel per quantity, one bar per method, with its standard error.

    Args:
      found: ``{method: {quantity: (mean, standard error)}}``.
      quantities: which to draw.
      title: of the figure.
    """
    figure = Figure(figsize=(3.4 * len(quantities), 3.6), layout='constrained')
    panels = figure.subplots(1, len(quantities), squeeze=False)[0]
    colors = [f'C{index}' for index in range(len(found))]
    for axes, what in zip(panels, quantities, strict=True):
        means = [row[what][0] for row in found.values()]
        errors = [0 if math.isnan(row[what][1]) else row[what][1] for row in found.values()]
        axes.bar(list(found), means, yerr=errors, capsize=4, color=colors)
        axes.set_ylim(*_limits(means, errors))
        axes.set_title(what)
        axes.tick_params(axis='x', labelrotation=20)
        axes.grid(axis='y', alpha=0.3)
    figure.suptitle(title)
    return figure


def _line(axes, rows, name, **style):
    points = [(row['step'], row[name]) for row in rows if name in row]
    if points:
        axes.plot(*zip(*points, strict=True), **style)


def _limits(means, errors):
    """Limits that show differences; the axis says where it starts."""
    low = min(mean - error for mean, error in zip(means, errors, strict=True))
    high = max(mean + error for mean, error in zip(means, errors, strict=True))
    margin = 0.25 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
