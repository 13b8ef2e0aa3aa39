"""Tables, numbers and figures of the runs."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.program import to_json
from experiments.toy.problems import on_grid
from experiments.toy.run import Run
from experiments.toy.setup import Method, Setup
from mtljax import analysis
from mtljax.files import npz_of, png_of

Runs = Mapping[str, Run]

_EXTREME = 0.01


def table(setup: Setup, runs: Runs) -> analysis.Table:
    """Return a table with one cell per start, or with quantiles if there are many starts."""
    return _quantiles(setup, runs) if setup.problem.residual else _cells(setup, runs)


def caption(setup: Setup) -> str:
    """Return the caption of the table."""
    if setup.problem.residual:
        return (
            f'{len(setup.starts)} random starts, {setup.steps:,} steps. front: residual < 1e-3; '
            'extreme: smallest loss < 0.01; 0 to 100 %: quantiles of the first loss; angle: the '
            'largest error, in degrees.'
        )
    return (
        f'Both losses after {setup.steps:,} steps; F: on the Pareto front (the unit gradients '
        'cancel to 1e-3).'
    )


def _cells(setup: Setup, runs: Runs) -> analysis.Table:
    rows = []
    for name, run in runs.items():
        ends = zip(run.arrived, run.losses[:, -1], strict=True)
        cells = [f'{"F" if arrived else "no"} {a:.4f} {b:.4f}' for arrived, (a, b) in ends]
        rows.append([name, *cells, f'{run.seconds:.2f}'])
    starts = ['({:g}, {:g})'.format(*start) for start in setup.starts]
    return analysis.Table(['method', *starts, 'seconds'], rows)


def _quantiles(setup: Setup, runs: Runs) -> analysis.Table:
    columns = ['method', 'front %', 'residual', 'extreme %', 'first loss, 0 %']
    columns += ['25 %', '50 %', '75 %', '100 %']
    rows = []
    for name, run in runs.items():
        ends = run.losses[:, -1]
        row = [f'{100 * run.arrived.mean():.0f}', f'{np.abs(run.gap).max():.0e}']
        row.append(f'{100 * (ends.min(axis=1) < _EXTREME).mean():.0f}')
        row += [f'{q:.3f}' for q in np.quantile(ends[:, 0], (0, 0.25, 0.5, 0.75, 1))]
        errors = angle_errors(setup.methods[name], run)
        row.append('-' if errors is None else f'{errors.max():.2f}')
        rows.append([name, *row, f'{run.seconds:.2f}'])
    return analysis.Table([*columns, 'angle', 'seconds'], rows)


def angle_errors(method: Method, run: Run) -> np.ndarray | None:
    """Return the angles ``[R]`` in degrees between the final losses and their rays, or None."""
    if method.aim is None:
        return None
    ends = run.losses[:, -1]
    cosines = np.sum(ends * method.aim, axis=1) / np.linalg.norm(ends, axis=1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def files(setup: Setup, runs: Runs, table: analysis.Table, caption: str) -> dict[str, str | bytes]:
    """Return the files of a work folder, ``{name: content}``."""
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator='\n').writerows([table.columns, *table.rows])
    arrays: dict[str, Any] = {'steps': _steps(setup)}
    for name, run in runs.items():
        arrays |= {f'{name}/points': run.points, f'{name}/losses': run.losses}
    return {
        'table.md': f'{table.markdown()}\n\n{caption}\n',
        'table.csv': sheet.getvalue(),
        'results.json': to_json(numbers(setup, runs)),
        'trajectories.npz': npz_of(arrays),
        'trajectories.png': png_of(figure(setup, runs), dpi=200),
    }


def numbers(setup: Setup, runs: Runs) -> dict[str, Any]:
    """Return the results at the end of each run, as plain numbers."""
    methods = {}
    for name, run in runs.items():
        errors = angle_errors(setup.methods[name], run)
        methods[name] = {
            'ends': run.points[:, -1].tolist(),
            'losses': run.losses[:, -1].tolist(),
            'gap': run.gap.tolist(),
            'on_front': run.arrived.tolist(),
            'angle_error': None if errors is None else errors.tolist(),
            'seconds': run.seconds,
        }
    return {'starts': setup.starts.tolist(), 'steps': setup.steps, 'methods': methods}


def figure(setup: Setup, runs: Runs) -> Figure:
    """Draw the plane of the points, if points have two coordinates, and the plane of the losses."""
    steps = _steps(setup)
    losses = {name: analysis.Path(run.losses, run.arrived) for name, run in runs.items()}
    front = _loss_plane(setup, runs)
    if setup.starts.shape[1] != 2:
        return analysis.trajectories(losses, front, steps)
    points = {name: analysis.Path(run.points, run.arrived) for name, run in runs.items()}
    return analysis.trajectories(points, _point_plane(setup), steps, ends=(losses, front))


def _steps(setup: Setup) -> np.ndarray:
    return np.arange(0, setup.steps + 1, setup.keep_every)


def _point_plane(setup: Setup) -> analysis.Plane:
    x, y = np.linspace(-11, 11, 221), np.linspace(-12, 11, 231)
    heights = (x, y, on_grid(setup.problem, x, y).sum(axis=-1))
    window = ((x[0], x[-1]), (y[0], y[-1]))
    return analysis.Plane(('x1', 'x2'), window, setup.problem.pareto, 'Pareto set', heights)


def _loss_plane(setup: Setup, runs: Runs) -> analysis.Plane:
    front = np.asarray(jax.vmap(setup.problem.losses)(jnp.asarray(setup.problem.pareto)))
    whole = setup.starts.shape[1] != 2
    shown = [run.losses if whole else run.losses[:, -1:] for run in runs.values()]
    every = np.concatenate([front, *(losses.reshape(-1, 2) for losses in shown)])
    low, high = np.nanmin(every, axis=0), np.nanmax(every, axis=0)
    margin = 0.07 * (high - low)
    x, y = zip(low - margin, high + margin, strict=True)
    return analysis.Plane(('loss 1', 'loss 2'), (x, y), front, 'Pareto front')
