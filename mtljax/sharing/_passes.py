"""Schemes in which each task runs the backbone itself, with some parameters per task."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Module, MultiTask
from mtljax.module import (
    fan_out,
    features_of,
    multitask,
    on_features,
    output_shape,
    split_key,
    stack,
    with_features,
)
from mtljax.sharing._check import check, check_stages


class Step(NamedTuple):
    """One step of the pass of a task.

    Attributes:
      name: The name of its subtree.
      module: The module that computes the step.
      own: Whether each task has its own copy. If False, all tasks share one.
      indexed: Whether the input is ``(x, index of the task)``.
    """

    name: str
    module: Module
    own: bool = False
    indexed: bool = False


def passes(steps: Sequence[Step], heads: Mapping[str, Module], part: str) -> MultiTask:
    """Build a model in which every task runs ``steps`` in order, then its head.

    The first steps, which are equal for all tasks, run once, as `features`. The other steps run
    once per task. They run in one vmap if all tasks are read out. The copies of the tasks are
    stacked, ``params['task'][part][name]`` with leaves ``[T, ...]``. If a shared step comes after
    them, it runs once per task, and each of the T runs moves its state (batch statistics) by 1/T of
    the change.
    """
    order = tuple(heads)
    steps = [s._replace(module=_indexed(s.module)) if s.indexed else s for s in steps]
    split = next((i for i, step in enumerate(steps) if step.own or step.indexed), len(steps))
    trunk, rest = steps[:split], steps[split:]
    common = [step.name for step in rest if not step.own]
    readouts = fan_out(heads, lambda task, rows: rows[task])

    def init(key, x):
        keys = split_key(key, len(steps) + 1)
        params, state, x = _init_steps(steps, len(order), part, keys[:-1], x)
        ends = readouts.init(keys[-1], dict.fromkeys(order, x))
        params['task']['heads'], state['task']['heads'] = ends
        return params, state

    def features(params, state, x, *, key=None, train=False):
        x, written, _ = _run(trunk, params['shared'], {}, state['shared'], {}, x, 0, key, train)
        return x, {**state, 'shared': state['shared'] | written}

    def readout(params, state, x, *, tasks=None, key=None, train=False):
        first, second = split_key(key, 2)
        names = order if tasks is None else tuple(tasks)
        common_params = params['shared'] if common else {}

        def one(shared, own_params, own_state, index, key):
            y, after, own_state = _run(
                rest, common_params, own_params, shared, own_state, x, index, key, train
            )
            return y, _changes({name: shared[name] for name in common}, after), own_state

        run = _together if names == order else _one_by_one
        own = params['task'][part], state['task'][part]
        shared = {name: state['shared'][name] for name in common}
        indices = [order.index(name) for name in names]
        rows, shared, own_state = run(one, indices, shared, own, split_key(first, len(order)))
        predictions, written = readouts.apply(
            params['task']['heads'],
            state['task']['heads'],
            dict(zip(names, rows, strict=True)),
            tasks=names,
            key=second,
            train=train,
        )
        task = {**state['task'], part: own_state, 'heads': written}
        return predictions, {**state, 'shared': state['shared'] | shared, 'task': task}

    return multitask(init, features, readout, tasks=order, coupled=bool(common))


def _init_steps(
    steps: Sequence[Step], num_tasks: int, part: str, keys: Any, x: Any
) -> tuple[Any, Any, Any]:
    """Return the parameters and the state of all steps, and the shapes of the last output."""
    params, state = ({'shared': {}, 'task': {part: {}}} for _ in range(2))
    for step, key in zip(steps, keys, strict=True):
        x = (x, jax.ShapeDtypeStruct((), jnp.int32)) if step.indexed else x
        module = stack(step.module, num_tasks) if step.own else step.module
        first, first_state = module.init(key, x)
        for tree, value in ((params, first), (state, first_state)):
            (tree['task'][part] if step.own else tree['shared'])[step.name] = value
        if step.own:
            first, first_state = trees.row(first, 0), trees.row(first_state, 0)
        x = output_shape(step.module, first, first_state, x)
    return params, state, x


def trunk_with_units(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    unit: Module,
    part: str,
    after: Sequence[int] | None,
) -> MultiTask:
    """Build one trunk for all tasks; after chosen stages each task has its own copy of ``unit``."""
    check(backbone, heads)
    chosen = check_stages('after', after, 0, len(backbone) - 1)
    steps = []
    for at, stage in enumerate(backbone):
        steps.append(Step(f'stage{at}', stage))
        if at in chosen:
            steps.append(Step(f'stage{at}', on_features(unit), own=True))
    return passes(steps, heads, part)


def _indexed(module: Module) -> Module:
    """Make a module act on ``(features, index)``; skips are passed on."""

    def init(key, z):
        return module.init(key, (features_of(z[0]), z[1]))

    def apply(params, state, z, *, key=None, train=False):
        x, index = z
        y, state = module.apply(params, state, (features_of(x), index), key=key, train=train)
        return with_features(x, y), state

    return Module(init, apply)


def _together(one, indices, shared, own, keys):
    """Run the passes of all tasks in one vmap."""
    drawn = None if keys[0] is None else keys
    mapped = jax.vmap(one, in_axes=(None, 0, 0, 0, None if drawn is None else 0))
    y, after, own_state = mapped(shared, *own, jnp.array(indices), drawn)
    return trees.unstack(y), trees.merge(jax.tree.map(_mean, after), shared), own_state


def _one_by_one(one, indices, shared, own, keys):
    """Run the passes of some tasks; each starts from the state that the previous one left."""
    own_params, own_state = own
    num_tasks, outputs = len(keys), []
    for at in indices:
        rows = trees.row(own_params, at), trees.row(own_state, at)
        y, after, row = one(shared, *rows, at, keys[at])
        outputs.append(y)
        own_state = trees.set_row(own_state, at, row)
        shared = step_toward(shared, trees.merge(after, shared), num_tasks)
    return outputs, shared, own_state


def _run(steps, shared, own, shared_state, own_state, x, index, key, train):
    """Run one pass; return its output and the new states, of shared steps and of the task."""
    written: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for step, k in zip(steps, split_key(key, len(steps)), strict=True):
        params, state = (own, own_state) if step.own else (shared, shared_state)
        x = (x, index) if step.indexed else x
        x, written[step.own][step.name] = step.module.apply(
            params[step.name], state[step.name], x, key=k, train=train
        )
    return x, written[False], written[True]


def _changes(before, after):
    """Return ``after`` with None for leaves that did not change, such as frozen parameters."""
    return jax.tree.map(lambda old, new: None if new is old else new, before, after)


def _mean(leaf):
    return leaf.mean(axis=0) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf[0]


def step_toward(before: Any, after: Any, num_tasks: int) -> Any:
    """Move a state 1/T of the way from ``before`` to ``after``; integers come from ``after``."""

    def move(old, new):
        if new is old:
            return old
        inexact = jnp.issubdtype(new.dtype, jnp.inexact)
        return old + (new - old) / num_tasks if inexact else new

    return jax.tree.map(move, before, after)
