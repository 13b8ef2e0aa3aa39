"""The weights of gates and cross-stitch units in a trained model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from mtljax._mixing import matrix, mixtures
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

    Training logs the same values, with these names. Each is the value after the last step of the
    row of the log. GATE and UNIT come from the name of the matrix. TASK is ``all`` for a gate that
    all tasks share.

    - ``gate_load/GATE/TASK/expert0``: the mean weight of an expert in the last batch. The experts
      have the order of the gate. Logged for up to 8 tasks and 16 experts.
    - ``gate_entropy/GATE/TASK``: the entropy of the weights of one example, as the mean over the
      last batch, divided by the log of the number of experts. It is 1 if each example uses all
      experts equally, and 0 if each example uses one expert.
    - ``unit/UNIT/A~B``: the weight of the features of task B in the new features of task A. Logged
      for up to 8 tasks.

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
    leaves = jax.tree.leaves((params, state))
    matrices: dict[tuple[str, str], dict[str, Any]] = {}
    for index, (kind, name, row) in mixtures(tasks, params, state).items():
        if kind != 'entropy':
            matrices.setdefault((kind, name), {})[row] = leaves[index]
    return {
        name: matrix(rows, tasks, kind).round(4).tolist() for (kind, name), rows in matrices.items()
    }


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
