"""The figure of step times over the number of tasks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

_METHODS = ('sum', 'pcgrad', 'mgda', 'cagrad', 'nash_mtl', 'upgrad')


def step_times(times: Mapping[int, Mapping[str, list[float]]], peers: Sequence[str]) -> Figure:
    """Draw one panel per method and one line per library: medians, with quartiles as bands.

    Args:
      times: The times ``{tasks: {'method' or 'library method': seconds}}``.
      peers: The other libraries.
    """
    figure = Figure(figsize=(10, 6), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for axes, name in zip(panels, _METHODS, strict=True):
        for index, library in enumerate(('mtljax', *peers)):
            _line(axes, times, name if library == 'mtljax' else f'{library} {name}', library, index)
        axes.set(xscale='log', yscale='log', title=name)
        axes.set_xticks(list(times), [str(tasks) for tasks in times])
        axes.xaxis.minorticks_off()
        axes.yaxis.set_major_formatter('{x:g}')
        axes.yaxis.set_minor_formatter('')
        axes.grid(alpha=0.3)
    for axes in panels[3:]:
        axes.set_xlabel('tasks')
    for axes in panels[::3]:
        axes.set_ylabel('ms per step')
    panels[0].legend(fontsize='small')
    figure.suptitle('A step on the MLP 256-256-256, batch 256')
    return figure


def _line(axes, times, key: str, label: str, index: int) -> None:
    points = [(tasks, row[key]) for tasks, row in times.items() if key in row]
    if not points:
        return
    tasks, rows = zip(*points, strict=True)
    low, middle, high = 1e3 * np.quantile(rows, (0.25, 0.5, 0.75), axis=1)
    axes.fill_between(tasks, low, high, alpha=0.25, color=f'C{index}')
    axes.plot(tasks, middle, marker='o', markersize=4, color=f'C{index}', label=label)
