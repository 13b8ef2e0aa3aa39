"""Figures of one run and of a comparison."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_COLUMNS = 5


def curves(rows: Sequence[Mapping[str, Any]], title: str = '') -> 'Figure':
    """A figure of one run: the losses of every task and all validation metrics, over the steps.

    Args:
      rows: The rows of the log of the run,
        ``{'step': ..., 'loss/TASK': ..., 'validation/TASK/METRIC': ...}``.
      title: The title of the figure.

    >>> rows = [{'step': 1, 'loss/a': 0.5}, {'step': 1, 'validation/a/loss': 0.6}]
    >>> [axes.get_ylabel() for axes in curves(rows).axes]
    ['loss']
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for row in rows for name in row))
    tasks = [name.split('/', 1)[1] for name in names if name.startswith('loss/')]
    metrics = dict.fromkeys(n.rsplit('/', 1)[1] for n in names if n.startswith('validation/'))
    panels = ['loss', *(name for name in metrics if name != 'loss')]
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout='constrained')
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for index, task in enumerate(tasks):
            color = f'C{index}'
            if panel == 'loss':
                style = {'color': color, 'marker': '.', 'markersize': 3, 'alpha': 0.5}
                _line(axes, rows, f'loss/{task}', label=f'{task}, training', **style)
            name = f'validation/{task}/{panel}'
            _line(axes, rows, name, color=color, marker='.', label=f'{task}, validation')
        axes.set(xlabel='step', ylabel=panel)
        axes.grid(alpha=0.3)
        axes.legend(fontsize='small')
    figure.suptitle(title)
    return figure


def intervals(
    results: Mapping[str, Mapping[str, tuple[float, float]]],
    quantities: Mapping[str, str],
    title: str = '',
) -> 'Figure':
    """A figure with one panel per quantity, in which every method is a row.

    A row shows the mean and the standard error. A vertical line marks the mean of the first method.
    The panels of a line share the names of the methods.

    Args:
      results: ``{method: {quantity: (mean, standard error)}}``.
      quantities: ``{quantity: title of its panel}``, the quantities to draw, such as metrics.
      title: The title of the figure.

    >>> results = {'hard': {'a mae': (0.5, 0.1)}, 'alone': {'a mae': (0.6, 0.1)}}
    >>> [axes.get_title() for axes in intervals(results, {'a mae': 'error of a'}).axes]
    ['error of a']
    """
    from matplotlib.figure import Figure

    columns = min(len(quantities), _COLUMNS)
    lines = math.ceil(len(quantities) / columns)
    labels = 0.08 * max(map(len, results), default=0)
    size = (2.5 * columns + labels, (0.32 * len(results) + 1.0) * lines + 0.3)
    figure = Figure(figsize=size, layout='constrained')
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axes in panels[len(quantities) :]:
        axes.set_axis_off()
    for axes, (what, heading) in zip(panels, quantities.items(), strict=False):
        _draw_rows(axes, [row[what] for row in results.values()])
        axes.set_title(heading, fontsize='medium')
    panels[0].set_yticks(range(len(results)), list(results))
    panels[0].set_ylim(len(results) - 0.5, -0.5)  # the first method is at the top
    figure.suptitle(title)
    return figure


def _draw_rows(axes, pairs):
    for index, (mean, error) in enumerate(pairs):
        spread = 0 if math.isnan(error) else error
        axes.errorbar(mean, index, xerr=spread, fmt='o', capsize=4, color=f'C{index % 10}')
    if pairs and math.isfinite(pairs[0][0]):
        axes.axvline(pairs[0][0], color='0.6', linewidth=1, linestyle='--', zorder=1)
    axes.locator_params(axis='x', nbins=4)
    axes.tick_params(axis='x', labelsize='small')
    axes.margins(x=0.12)
    axes.grid(axis='x', alpha=0.3)


def _line(axes, rows, name, **style):
    points = [(row['step'], row[name]) for row in rows if name in row]
    if points:
        axes.plot(*zip(*points, strict=True), **style)
