"""The weights of gates and cross-stitch units in a trained model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from mtljax import trees
from mtljax.base import Params, State

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_PANEL = 2.6


def mixing(tasks: Sequence[str], params: Params, state: State) -> dict[str, list[list[float]]]:
    """The mean weights of the gates and the cross-stitch units of a model, as matrices.

    A gate computes the weights of the experts for one task. A cross-stitch unit mixes the features
    of the tasks. A matrix has one row per task. If all tasks share one gate, its matrix has a
    single row. The weights of a gate are averaged over the batch of the last training step. If a
    unit has one weight per channel, the weights are averaged over the channels.

    Args:
      tasks: The names of the tasks, in the order of the model.
      params: The parameters of the model.
      state: The state of the model.

    Returns:
      ``{name: matrix}``, with one matrix for each set of gates, and one matrix for each unit.

    >>> load = {'load': np.array([0.25, 0.75])}
    >>> mixing(['a', 'b'], {}, {'task': {'gates': {'a': load, 'b': load}}})
    {'gates': [[0.25, 0.75], [0.25, 0.75]]}
    """
    matrices: dict[str, dict[str, Any]] = {}
    for tree in (params, state):
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            parts = trees.path_name(path).split('/')
            if _is_mixture(parts, np.shape(leaf), len(tasks)):
                name, row = _place(parts, tasks)
                matrices.setdefault(name, {})[row] = np.asarray(leaf, np.float64)
    return {name: _matrix(rows, tasks) for name, rows in matrices.items()}


def _is_mixture(parts, shape, num_tasks):
    if parts[-1] == 'load':
        return True
    return 'units' in parts[-3:-1] and num_tasks in shape[:1] and len(shape) <= 3


def _place(parts, tasks):
    """The name of the matrix, and the task whose row it is."""
    names = [part for part in parts[1:] if part not in ('load', 'gate', 'common')]
    row = next((part for part in names if part in tasks), '')
    name = ' '.join(part for part in names if part != row) or 'gate'
    return ('units behind the last stage' if name == 'units' else name), row


def _matrix(rows, tasks):
    if '' in rows:
        whole = rows['']
        whole = whole.mean(axis=-1) if whole.ndim == 3 else whole
    else:
        whole = np.stack([rows[task] for task in tasks if task in rows])
        whole = whole.mean(axis=-1) if whole.ndim == 3 else whole
    return np.atleast_2d(whole).round(4).tolist()


def heat_maps(
    matrices: Mapping[str, Sequence[Sequence[float]]], tasks: Sequence[str], title: str = ''
) -> 'Figure':
    """A figure of the matrices that `mixing` returns, with one panel per matrix.

    Args:
      matrices: ``{title of the panel: rows of the matrix}``.
      tasks: The names of the rows, for matrices with one row per task.
      title: The title of the figure.

    >>> [axes.get_title() for axes in heat_maps({'gates': [[0.5, 0.5]]}, ['a']).axes]
    ['gates']
    """
    from matplotlib.figure import Figure

    columns = min(len(matrices), 4)
    lines = -(-len(matrices) // columns)
    rows = max((len(rows) for rows in matrices.values()), default=1)
    height = max(2.2, 0.16 * rows) * lines + 0.4
    figure = Figure(figsize=(_PANEL * columns + 0.6, height), layout='constrained')
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, rows) in zip(panels, matrices.items(), strict=False):
        _draw(axes, np.asarray(rows), tasks, 'units' in name)
        axes.set_title(name, fontsize='small')
    for axes in panels[len(matrices) :]:
        axes.set_axis_off()
    figure.suptitle(title)
    return figure


def _draw(axes, rows, tasks, mixes_tasks):
    span = max(abs(rows).max(), 1e-6)
    colours: dict[str, Any] = {'cmap': 'Blues', 'vmin': 0, 'vmax': span}
    if rows.min() < 0:
        colours = {'cmap': 'RdBu_r', 'vmin': -span, 'vmax': span}
    axes.imshow(rows, aspect='auto', **colours)
    if rows.size <= 64:
        for (y, x), value in np.ndenumerate(rows):
            dark = abs(value) > 0.6 * span
            axes.text(
                x,
                y,
                f'{value:.2f}',
                ha='center',
                va='center',
                fontsize=7,
                color='white' if dark else 'black',
            )
    columns = range(rows.shape[1])
    if mixes_tasks and len(columns) == len(tasks):
        axes.set_xticks(columns, tasks)
    else:
        axes.set_xticks(columns, [column + 1 for column in columns])
        axes.set_xlabel('tower' if mixes_tasks else 'expert', fontsize=8)
    axes.set_yticks(range(rows.shape[0]), tasks if len(tasks) == len(rows) else ['all'] * len(rows))
    axes.tick_params(labelsize=7, length=0)
