"""Parallel towers whose features mix after chosen stages."""

from collections.abc import Callable, Mapping, Sequence

import jax

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import WithSkips, features_of, on_features, stack, wire
from mtljax.sharing._check import check, check_range, check_stages
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, with_tail

Unit = Callable[[int, int], Module]
"""``(task, T) -> Module`` from the features of all tasks, ``[T, B, ...]``, to that task's."""


def lateral(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    unit: Unit,
    *,
    start: int,
    after: Sequence[int] | None,
    last: Unit | None = None,
) -> MultiTask:
    """One tower per task; after chosen stages, the features of every task are mixed of all tasks'.

    Stages before ``start`` are common. The towers up to the last unit, and the units before it, are
    stacked under ``params['shared']`` as ``'towers'`` and ``'units'``: all losses reach them. Each
    task's part of the last unit is its own, ``params['task']['units'][task]``; stages behind it go
    with the heads. Units mix features; skips (`module.WithSkips`) stay with their tower.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``.
      unit: how features mix; all tasks' have parameters of one shape.
      start: the first stage with towers.
      after: the stages that a unit follows; all from ``start`` on for None.
      last: what stands for the last unit: its input is ``(features, earlier)``, where ``earlier``
        lists the mixed features of stages before that have the same shape.
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
    """``x -> rows [T, B, ...]``; with ``keep``, and the mixed rows before of the same shape."""
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
    """The units of all tasks on the same rows, ``[T, B, ...] -> [T, B, ...]``, in one vmap."""
    every = stack(units[0], len(units))

    def init(key, x):
        keys = jax.random.split(key, len(units))
        made = [unit.init(k, x) for unit, k in zip(units, keys, strict=True)]
        return trees.stack([params for params, _ in made]), trees.stack([s for _, s in made])

    return Module(init, every.apply)


def _end(unit: Module, task: int) -> Module:
    """A task's part of the last unit; the skips of its own tower go along."""

    def bare(z):
        rows, *earlier = z if type(z) is tuple else (z,)
        return (features_of(rows), *earlier) if earlier else features_of(rows), rows

    def init(key, z):
        return unit.init(key, bare(z)[0])

    def apply(params, state, z, *, key=None, train=False):
        features, rows = bare(z)
        y, state = unit.apply(params, state, features, key=key, train=train)
        joined = isinstance(rows, WithSkips)
        return WithSkips(y, trees.row(rows.skips, task)) if joined else y, state

    return Module(init, apply)
