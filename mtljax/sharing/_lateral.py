"""Parallel towers whose features are mixed after chosen stages."""

from collections.abc import Callable, Mapping, Sequence

import jax

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import WithSkips, features_of, on_features, stack, wire
from mtljax.sharing._check import check, check_range, check_stages
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, with_tail

Unit = Callable[[int, int], Module]
"""``(task, T) -> Module``; it maps the features of all tasks ``[T, B, ...]`` to those of one."""


def lateral(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    unit: Unit,
    *,
    start: int,
    after: Sequence[int] | None,
    last: Unit | None = None,
) -> MultiTask:
    """Build one tower per task; after chosen stages, each task mixes the features of all towers.

    A unit mixes the features of the towers. All tasks share the stages before ``start``. The towers
    up to the last unit, and the units before it, are stacked under ``params['shared']`` as
    ``'towers'`` and ``'units'``, because the losses of all tasks reach them. The part of the last
    unit that belongs to task t is ``params['task']['units'][t]``. The stages after it belong to the
    heads. Units mix features only: skips (`module.WithSkips`) stay in their tower.

    Args:
      backbone: The network, as a tuple of stages.
      heads: The head of each task, ``{task: Module}``.
      unit: The module that mixes features. The units of all tasks have parameters of the same
        shapes.
      start: The index of the first stage of the towers.
      after: The indices of the stages that a unit follows. None means all stages from ``start`` on.
      last: The module in place of the last unit. Its input is ``(features, earlier)``, where
        ``earlier`` lists the mixed features of earlier stages that have the same shape.
    """
    check(backbone, heads)
    start, _ = check_range(backbone, start, None)
    chosen = check_stages('after', after, start, len(backbone) - 1)
    stop, tasks = chosen[-1] + 1, len(heads)
    units = [unit(t, tasks) for t in range(tasks)]
    trunk = _towers(backbone[:stop], start, chosen[:-1], units, keep=last is not None)
    ends = {task: _end((last or unit)(index, tasks), index) for index, task in enumerate(heads)}
    return scheme(trunk, {'units': ends, 'heads': with_tail(backbone[stop:], heads)})


def _towers(
    stages: tuple[Module, ...],
    start: int,
    mixed: tuple[int, ...],
    units: list[Module],
    *,
    keep: bool,
) -> Module:
    """Map x to rows ``[T, B, ...]``; with ``keep`` also to earlier mixed rows of this shape."""
    modules, mixing = by_stage_name(stages[:start]), on_features(_side_by_side(units))
    for at, stage in enumerate(stages[start:], start):
        tower = stack(stage, len(units), shared_input=at == start)
        modules |= {f'towers/stage{at}': tower}
        modules |= {f'units/stage{at}': mixing} if at in mixed else {}

    def run(call, x):
        earlier = []
        for name in modules:
            x = call(name, x)
            earlier += [features_of(x)] if name.startswith('units/') else []
        shape = features_of(x).shape
        return (x, tuple(rows for rows in earlier if rows.shape == shape)) if keep else x

    return wire(modules, run)


def _side_by_side(units: list[Module]) -> Module:
    """Run the units of all tasks on the same rows in one vmap, ``[T, B, ...] -> [T, B, ...]``."""
    every = stack(units[0], len(units))

    def init(key, x):
        keys = jax.random.split(key, len(units))
        params, states = zip(*(u.init(k, x) for u, k in zip(units, keys, strict=True)), strict=True)
        return trees.stack(params), trees.stack(states)

    return Module(init, every.apply)


def _end(unit: Module, task: int) -> Module:
    """Return the part of the last unit of one task; it passes on the skips of the task's tower."""

    def bare(z):
        rows, *earlier = z if type(z) is tuple else (z,)
        return (features_of(rows), *earlier) if earlier else features_of(rows), rows

    def init(key, z):
        return unit.init(key, bare(z)[0])

    def apply(params, state, z, *, key=None, train=False):
        features, rows = bare(z)
        y, state = unit.apply(params, state, features, key=key, train=train)
        has_skips = isinstance(rows, WithSkips)
        return WithSkips(y, trees.row(rows.skips, task)) if has_skips else y, state

    return Module(init, apply)
