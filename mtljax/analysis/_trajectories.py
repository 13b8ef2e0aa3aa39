"""Figures of optimisation paths in a plane."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure


_COLUMNS = 4
_CURVE: dict[str, Any] = {'color': 'crimson', 'linewidth': 1.6, 'zorder': 3}
_START: dict[str, Any] = {
    'marker': 'o',
    'markersize': 4,
    'markerfacecolor': 'white',
    'markeredgecolor': 'black',
}
_ARRIVED: dict[str, Any] = {
    'marker': '*',
    'markersize': 8,
    'markeredgewidth': 0.4,
    'markeredgecolor': 'black',
}
_STUCK: dict[str, Any] = {
    'marker': 'X',
    'markersize': 5.5,
    'markeredgewidth': 0.4,
    'markeredgecolor': 'black',
}
_SMALL: dict[str, Any] = {'markersize': 1.8, 'markeredgewidth': 0.3}
_FONTS: dict[str, Any] = {'fontsize': 7}
_MANY = 20


class Plane(NamedTuple):
    """The plane in which the function `trajectories` draws optimisation paths.

    Attributes:
      labels: The labels of the two axes.
      window: The limits ``((low, high), (low, high))`` of the two axes.
      curve: The points ``[N, 2]`` of a curve in the plane, such as the Pareto front.
      curve_name: The name of the curve.
      heights: The values of a function for contour lines, ``(x [M], y [L], height [L, M])``. None
        draws no contour lines.
    """

    labels: tuple[str, str]
    window: tuple[tuple[float, float], tuple[float, float]]
    curve: ArrayLike
    curve_name: str
    heights: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None


class Path(NamedTuple):
    """R optimisation paths of one method, with K points each, as input for `trajectories`.

    Attributes:
      points: The two coordinates of the points of all paths, ``[R, K, 2]``. Each path is in the
        order of the steps.
      arrived: Whether each path ends on the Pareto front, booleans ``[R]``.
    """

    points: ArrayLike
    arrived: ArrayLike


def trajectories(
    paths: Mapping[str, Path],
    plane: Plane,
    steps: ArrayLike,
    *,
    ends: tuple[Mapping[str, Path], Plane] | None = None,
) -> 'Figure':
    """A figure of optimisation paths in a plane, with one panel per method.

    The colour of a path shows the step. One more panel can show the last points of the paths in
    another plane (``ends``).

    Args:
      paths: ``{method: Path}``, the paths of each method.
      plane: The plane of the paths.
      steps: The optimisation step at which each point of a path was recorded, ``[K]``.
      ends: The same runs in another plane, for example with the two losses as axes: the paths,
        ``{method: Path}``, and the plane. None draws no such panel.

    >>> from mtljax.analysis import Path, Plane
    >>> line = Path(np.zeros((1, 3, 2)), [True])
    >>> plane = Plane(('x', 'y'), ((-1, 1), (-1, 1)), np.zeros((2, 2)), 'front')
    >>> [axes.get_title() for axes in trajectories({'sgd': line}, plane, [0, 1, 2]).axes[:1]]
    ['sgd']
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    panels = len(paths) + 1 + (ends is not None)
    rows = math.ceil(panels / _COLUMNS)
    figure = Figure(figsize=(7.2, 1.8 * rows + 0.15), layout='constrained')
    grid = figure.subplots(rows, _COLUMNS, squeeze=False)
    rest = iter(grid.flat)
    norm = PowerNorm(0.4, 0, np.max(steps))  # most of the movement is early
    colors = ScalarMappable(norm, 'viridis')
    for (name, path), axes in zip(paths.items(), rest, strict=False):
        _draw_paths(axes, path, plane, np.asarray(steps), colors)
        axes.set_title(name, pad=3, **_FONTS)
    if ends is not None:
        _draw_ends(next(rest), *ends)
    _draw_key(next(rest), plane, ends)
    for axes in rest:
        axes.set_axis_off()
    bar = figure.colorbar(colors, ax=grid, fraction=0.02, aspect=28, pad=0.015)
    bar.set_label('step', **_FONTS)
    bar.ax.tick_params(labelsize=6)
    bar.ax.yaxis.set_major_formatter(EngFormatter(sep=''))
    return figure


def _draw_paths(
    axes: Any, path: Path, plane: Plane, steps: np.ndarray, colors: 'ScalarMappable'
) -> None:
    from matplotlib.collections import LineCollection

    _draw_plane(axes, plane)
    points = np.asarray(path.points)
    pieces = np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)
    if len(points) < _MANY:
        width, alpha, start, end = 1.3, 1, {}, {}
    else:
        width, alpha, start, end = 0.5, 0.7, _SMALL, {'markersize': 5}
    shades = colors.to_rgba(np.tile(steps[1:], len(points)), alpha=alpha)
    axes.add_collection(LineCollection(list(pieces), colors=shades, linewidths=width, zorder=4))
    axes.plot(*points[:, 0].T, linestyle='', zorder=5, **_START | start)
    _draw_marks(axes, points[:, -1], path.arrived, 'gold', **end)


def _draw_ends(axes: Any, paths: Mapping[str, Path], plane: Plane) -> None:
    _draw_plane(axes, plane)
    axes.set_title('losses at the ends', pad=3, **_FONTS)
    for index, path in enumerate(paths.values()):
        ends = np.asarray(path.points)[:, -1]
        _draw_marks(axes, ends, path.arrived, _color(index), markersize=5, alpha=0.85)


def _draw_marks(axes: Any, ends: np.ndarray, arrived: ArrayLike, color: Any, **style: Any) -> None:
    arrived = np.asarray(arrived)
    for chosen, mark in ((arrived, _ARRIVED), (~arrived, _STUCK)):
        shown = {'color': color, 'linestyle': '', 'zorder': 6} | mark | style
        axes.plot(*ends[chosen].T, **shown)


def _draw_plane(axes: Any, plane: Plane) -> None:
    if plane.heights is not None:
        axes.contour(*plane.heights, levels=18, cmap='Greys_r', linewidths=0.5, zorder=1)
    axes.plot(*np.asarray(plane.curve).T, **_CURVE)
    axes.set(xlim=plane.window[0], ylim=plane.window[1])
    axes.set_xlabel(plane.labels[0], labelpad=1, **_FONTS)
    axes.set_ylabel(plane.labels[1], labelpad=0, **_FONTS)
    axes.tick_params(labelsize=6, length=2, pad=1.5)


def _draw_key(axes: Any, plane: Plane, ends: tuple[Mapping[str, Path], Plane] | None) -> None:
    from matplotlib.lines import Line2D

    axes.set_axis_off()
    marks = {'start': _START, 'end, on the front': _ARRIVED, 'end, elsewhere': _STUCK}
    key = [
        Line2D([], [], linestyle='', label=name, color='gold', **style)
        for name, style in marks.items()
    ]
    key.append(Line2D([], [], label=plane.curve_name, **_CURVE))
    for index, name in enumerate(ends[0] if ends else ()):
        key.append(
            Line2D([], [], linestyle='', marker='*', markersize=7, color=_color(index), label=name)
        )
    legend = axes.legend(
        handles=key, loc='center', frameon=False, fontsize=6, handletextpad=0.4, labelspacing=0.35
    )
    legend.set_in_layout(False)  # a long name must not widen a column of panels


def _color(index: int) -> str:
    return f'C{index % 10}'
