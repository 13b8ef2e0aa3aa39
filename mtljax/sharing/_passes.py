"""Schemes in which each task runs the backbone itself, on parameters partly its own."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import fan_out, multitask, output_shape, split_key, stack
from mtljax.sharing._check import check, check_stages


class Step(NamedTuple):
    """One step of a task's pass.

    Attributes:
      name: of its subtree.
      module: what it computes.
      own: whether every task has a copy of its own; otherwise all use one.
      indexed: whether its input is ``(x, index of the task)``.
    """

    name: str
    module: Module
    own: bool = False
    indexed: bool = False


def passes(steps: Sequence[Step], heads: Mapping[str, Module], part: str) -> MultiTask:
    """Every task runs ``steps`` in order, then its head.

    The steps before the first that differs between tasks run once, as `features`; of the rest, one
    pass per task, all tasks in one vmap where all are asked for. Copies of the tasks' own are
    stacked, ``params['task'][part][name]`` with leaves ``[T, ...]``. A shared step behind them sees
    one pass per task, each of which moves its state (batch statistics) by one T-th.
    """
    order = tuple(heads)
    split = next((i for i, step in enumerate(steps) if step.own or step.indexed), len(steps))
    trunk, rest = steps[:split], steps[split:]
    common = [step.name for step in rest if not step.own]
    readouts = fan_out(heads, lambda task, rows: rows[task])

    def init(key, x):
        keys = split_key(key, len(steps) + 1)
        params, state = ({'shared': {}, 'task': {part: {}}} for _ in range(2))
        for step, k in zip(steps, keys[:-1], strict=True):
            x = (x, jax.ShapeDtypeStruct((), jnp.int32)) if step.indexed else x
            module = stack(step.module, len(order)) if step.own else step.module
            made, made_state = module.init(k, x)
            for tree, value in ((params, made), (state, made_state)):
                (tree['task'][part] if step.own else tree['shared'])[step.name] = value
            made, made_state = (trees.row(t, 0) if step.own else t for t in (made, made_state))
            x = output_shape(step.module, made, made_state, x)
        own, own_state = readouts.init(keys[-1], dict.fromkeys(order, x))
        params['task']['heads'], state['task']['heads'] = own, own_state
        return params, state

    def features(params, state, x, *, key=None, train=False):
        x, written, _ = _run(trunk, params['shared'], {}, state['shared'], {}, x, 0, key, train)
        return x, {**state, 'shared': state['shared'] | written}

    def readout(params, state, x, *, tasks=None, key=None, train=False):
        first, second = split_key(key, 2)
        names = order if tasks is None else tuple(tasks)
        keys = split_key(first, len(order))
        rows, shared, own = {}, dict(state['shared']), state['task'][part]

        def one(own_params, own_state, index, key):
            common_params = params['shared'] if common else {}
            y, after, row = _run(
                rest, common_params, own_params, shared, own_state, x, index, key, train
            )
            return y, _changes({name: shared[name] for name in common}, after), row

        if names == order:
            stacked = None if first is None else jnp.stack(keys)
            mapped = jax.vmap(one, in_axes=(0, 0, 0, None if first is None else 0))
            y, after, own = mapped(params['task'][part], own, jnp.arange(len(order)), stacked)
            rows = dict(zip(order, trees.unstack(y), strict=True))
            shared |= trees.merge(jax.tree.map(_mean, after), {n: shared[n] for n in common})
        else:
            for name in names:
                at = order.index(name)
                mine, mine_state = trees.row(params['task'][part], at), trees.row(own, at)
                rows[name], after, row = one(mine, mine_state, at, keys[at])
                own = trees.set_row(own, at, row)
                before = {name: shared[name] for name in common}
                shared |= moved(before, trees.merge(after, before), len(order))
        predictions, heads_after = readouts.apply(
            params['task']['heads'],
            state['task']['heads'],
            rows,
            tasks=names,
            key=second,
            train=train,
        )
        own_state = {**state['task'], part: own, 'heads': heads_after}
        return predictions, {**state, 'shared': shared, 'task': own_state}

    return multitask(init, features, readout, tasks=order, coupled=bool(common))


def between(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    unit: Module,
    part: str,
    after: Sequence[int] | None,
) -> MultiTask:
    """One trunk for all tasks, with a copy of ``unit`` of each task's own after chosen stages."""
    check(backbone, heads)
    chosen = check_stages('after', after, 0, len(backbone) - 1)
    steps = []
    for at, stage in enumerate(backbone):
        steps.append(Step(f'stage{at}', stage))
        if at in chosen:
            steps.append(Step(f'stage{at}', unit, own=True))
    return passes(steps, heads, part)


def _run(steps, shared, own, shared_state, own_state, x, index, key, train):
    """One pass; the states that its steps leave, shared ones and the task's own."""
    written: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for step, k in zip(steps, split_key(key, len(steps)), strict=True):
        params, state = (own, own_state) if step.own else (shared, shared_state)
        x = (x, index) if step.indexed else x
        x, written[step.own][step.name] = step.module.apply(
            params[step.name], state[step.name], x, key=k, train=train
        )
    return x, written[False], written[True]


def _changes(before, after):
    """``after`` with None for what is the same, such as frozen parameters."""
    return jax.tree.map(lambda old, new: None if new is old else new, before, after)


def _mean(leaf):
    return leaf.mean(axis=0) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf[0]


def moved(before: Any, after: Any, num_tasks: int) -> Any:
    """A state that goes one T-th of the way from ``before`` to ``after``; counts go all the way."""

    def move(old, new):
        if new is old:
            return old
        inexact = jnp.issubdtype(new.dtype, jnp.inexact)
        return old + (new - old) / num_tasks if inexact else new

    return jax.tree.map(move, before, after)
