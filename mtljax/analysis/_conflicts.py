"""Conflicts between task gradients, over the steps of a run and over the stages of its backbone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WHOLE = 'all'


class Conflicts(NamedTuple):
    """The cosines between task gradients, over N rows of a log, S stages and P pairs of tasks.

    Attributes:
      steps: The steps of the rows, ``[N]``.
      stages: The names of the stages; the first, ``'all'``, stands for all stages together.
      pairs: The pairs of tasks, such as ``'click~like'``. If the run has more than 12 tasks, the
        only one is ``'mean'``, the mean of all pairs.
      cosines: The mean cosine of the two gradients in the steps of a row, ``[N, S, P]``. NaN where
        nothing was measured.
      conflicting: The share of steps in which the cosine was negative, as the mean of all pairs,
        ``[N, S]``.
    """

    steps: np.ndarray
    stages: tuple[str, ...]
    pairs: tuple[str, ...]
    cosines: np.ndarray
    conflicting: np.ndarray


def conflicts(rows: Sequence[Mapping[str, Any]]) -> Conflicts:
    """Read the conflicts from the log of a run with `surgery.watch`.

    The log has these names. STAGE is a stage of the backbone, or ``all`` for all shared parameters
    together. Each value is the mean over the measured steps in which the tasks had labels.

    - ``cosine/STAGE/A~B``: the cosine of the gradients of the tasks A and B. ``cosine/STAGE`` is
      the mean of all pairs. Runs with more than 12 tasks log only the mean.
    - ``conflicting/STAGE``: the share of pairs whose cosine is negative.
    - ``magnitude/STAGE``: ``2 |g_A| |g_B| / (|g_A|^2 + |g_B|^2)``, which is 1 for equal norms, and
      near 0 if one task has a much larger gradient (PCGrad: Yu, Kumar, Gupta, Levine, Hausman,
      Finn, NeurIPS 2020, https://arxiv.org/abs/2001.06782).
    - ``condition``: the largest singular value of the matrix of task gradients, divided by the
      smallest one.
    - ``update``: the norm of the update, divided by the norm of the sum of the gradients.
    - ``task_weight/A``: the weight that the surgery gave to the task. ``weight_entropy`` is the
      entropy of these weights: 1 if all are equal, and 0 if one task has all the weight.
    - ``residual``: the remaining error of the solver, for methods that have one.

    Args:
      rows: The rows of the log, ``[{'step': ..., name: value}, ...]``, as `training.read_rows`
        returns them.

    Raises:
      ValueError: The log has no conflicts.

    >>> rows = [{'step': 5, 'cosine/all': -0.5, 'cosine/all/a~b': -0.5, 'conflicting/all': 1.0}]
    >>> found = conflicts(rows)
    >>> found.pairs, found.cosines.tolist()
    (('a~b',), [[[-0.5]]])
    """
    rows = [row for row in rows if f'cosine/{_WHOLE}' in row]
    if not rows:
        raise ValueError(
            'The log should have conflicts. Found none. Train with a watch around the surgery: '
            'surgery.on_shared(surgery.watch(surgery.pcgrad())).'
        )
    names = [
        name.removeprefix('cosine/') for row in rows for name in row if name.startswith('cosine/')
    ]
    start = f'{_WHOLE}/'
    pairs = [name.removeprefix(start) for name in dict.fromkeys(names) if name.startswith(start)]
    stages = [_WHOLE, *sorted({_stage(name, pairs) for name in names} - {_WHOLE}, key=_order)]
    ends = [f'/{pair}' for pair in pairs] or ['']

    def read(name, end=''):
        return [[row.get(f'{name}/{stage}{end}', np.nan) for stage in stages] for row in rows]

    return Conflicts(
        np.array([row['step'] for row in rows]),
        tuple(stages),
        tuple(pairs) or ('mean',),
        np.stack([np.array(read('cosine', end), float) for end in ends], axis=-1),
        np.array(read('conflicting'), float),
    )


def conflict_figure(found: Conflicts, title: str = '') -> 'Figure':
    """A figure of conflicts: the cosines of each pair over the steps, and over the stages.

    The left panel is a heat map: one row per pair of tasks, one column per row of the log, for all
    stages together. The right panel shows the median over the whole run at each stage, with an
    interval that contains the middle 80 % of the rows.

    Args:
      found: What `conflicts` returned.
      title: The title of the figure.

    >>> rows = [{'step': 5, 'cosine/all': -0.5, 'cosine/all/a~b': -0.5}]
    >>> [axes.get_title() for axes in conflict_figure(conflicts(rows)).axes[:2]]
    ['over the steps', 'over the stages']
    """
    from matplotlib.figure import Figure

    height = max(2.6, 0.3 * len(found.pairs) + 1.2)
    figure = Figure(figsize=(10.5, height), layout='constrained')
    time, depth = figure.subplots(1, 2)
    image = time.imshow(
        found.cosines[:, 0].T, aspect='auto', cmap='RdBu', vmin=-1, vmax=1, interpolation='nearest'
    )
    figure.colorbar(image, ax=time, label='cosine')
    time.set_yticks(range(len(found.pairs)), found.pairs)
    at = np.unique(np.linspace(0, len(found.steps) - 1, 6).astype(int))
    time.set_xticks(at, found.steps[at])
    time.set(title='over the steps', xlabel='step')
    stages = found.stages[1:] or found.stages
    columns = found.cosines[:, 1:] if found.stages[1:] else found.cosines
    _profile(depth, columns, found.pairs)
    depth.set_xticks(range(len(stages)), stages, fontsize='small')
    depth.set(title='over the stages', ylabel='cosine')
    figure.suptitle(title)
    return figure


def _profile(axes, cosines, pairs):
    places = np.arange(cosines.shape[1])
    for index, pair in enumerate(pairs):
        values = cosines[:, :, index]
        shift = 0.5 * ((index + 0.5) / len(pairs) - 0.5)
        there = ~np.isnan(values).all(axis=0)
        low, middle, high = np.nanquantile(values[:, there], (0.1, 0.5, 0.9), axis=0)
        spans = [middle - low, high - middle]
        axes.errorbar(places[there] + shift, middle, spans, fmt='o', capsize=3, label=pair)
    axes.axhline(0, color='0.6', linewidth=1, linestyle='--', zorder=1)
    axes.grid(axis='y', alpha=0.3)
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False, fontsize='small')


def _stage(name: str, pairs: Sequence[str]) -> str:
    """Return the stage in ``STAGE`` or ``STAGE/PAIR``; stages and tasks may contain slashes."""
    end = next((f'/{pair}' for pair in pairs if name.endswith(f'/{pair}')), '')
    return name.removesuffix(end)


def _order(stage: str) -> tuple[str, int]:
    """Sort ``stage10`` behind ``stage9``."""
    text = stage.rstrip('0123456789')
    return text, int(stage.removeprefix(text) or 0)
