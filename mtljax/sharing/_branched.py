"""Tasks that leave the shared stages at different depths."""

from collections.abc import Mapping

import jax

from mtljax.base import Module, MultiTask
from mtljax.module import fan_out, multitask, serial, split_key
from mtljax.sharing._check import check


def branched(
    backbone: tuple[Module, ...], heads: Mapping[str, Module], *, at: Mapping[str, int]
) -> MultiTask:
    """Hard sharing in which a task may leave early: a low-level task sees early features.

    ``prediction_t = head_t(stage_{at[t]}(... stage_1(x)))``. Stages that several tasks reach lie
    under ``params['shared']``; those that only the deepest task reaches lie with its head, under
    ``params['task']['heads']``. Further stages of a task's own go into its head, by
    ``module.serial``.

    Args:
      backbone: a tuple of stages.
      heads: ``{task: Module}``; their order is that of every T axis.
      at: ``{task: number of stages before its head}``, 0 for the input itself; a task left out
        leaves at the end.

    Raises:
      ValueError: ``at`` names an unknown task or a depth outside the backbone, or the last stages
        are never used.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> both = {'edges': heads.linear(4), 'class': heads.linear(10)}
    >>> model = branched(backbones.mlp((8, 8, 8)), both, at={'edges': 1, 'class': 3})
    >>> params, _ = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> sorted(params['shared']), sorted(params['task']['heads']['class'])
    (['stage0'], ['stage0', 'stage1', 'stage2'])
    """
    check(backbone, heads)
    depth = _depths(len(backbone), tuple(heads), at)
    common = sorted(depth.values())[-2] if len(depth) > 1 else len(backbone)
    exits = sorted({min(d, common) for d in depth.values()})
    trunk = _trunk(backbone[:common], exits)
    own = {
        task: serial(*backbone[common:], head) if depth[task] > common else head
        for task, head in heads.items()
    }
    readouts = fan_out(own, lambda task, z: z[exits.index(min(depth[task], common))])

    def init(key, x):
        first, second = split_key(key, 2)
        shared, shared_state = trunk.init(first, x)
        z = jax.eval_shape(lambda p, s, x: trunk.apply(p, s, x)[0], shared, shared_state, x)
        task, task_state = readouts.init(second, z)
        return (
            {'shared': shared, 'task': {'heads': task}},
            {'shared': shared_state, 'task': {'heads': task_state}},
        )

    def features(params, state, x, *, key=None, train=False):
        z, written = trunk.apply(params['shared'], state['shared'], x, key=key, train=train)
        return z, {**state, 'shared': written}

    def readout(params, state, z, *, tasks=None, key=None, train=False):
        predictions, written = readouts.apply(
            params['task']['heads'], state['task']['heads'], z, tasks=tasks, key=key, train=train
        )
        return predictions, {**state, 'task': {'heads': written}}

    return multitask(init, features, readout, tasks=tuple(heads))


def _trunk(stages: tuple[Module, ...], exits: list[int]) -> Module:
    """The stages, with the outputs at all exits instead of the last one's."""
    whole = serial(*stages)

    def apply(params, state, x, *, key=None, train=False):
        outputs, written = [x], {}
        for index, k in enumerate(split_key(key, len(stages))):
            name = f'stage{index}'
            x, written[name] = stages[index].apply(params[name], state[name], x, key=k, train=train)
            outputs.append(x)
        return tuple(outputs[depth] for depth in exits), written

    return Module(whole.init, apply)


def _depths(stages, tasks, at):
    unknown = set(at) - set(tasks)
    if unknown:
        raise ValueError(f'at names unknown tasks {sorted(unknown)}. Found heads {list(tasks)}.')
    depth = {task: at.get(task, stages) for task in tasks}
    for task, d in depth.items():
        if not 0 <= d <= stages:
            raise ValueError(f'at[{task!r}] should lie in 0..{stages}, the stages. Found {d}.')
    if max(depth.values()) < stages:
        raise ValueError(
            f'The backbone has {stages} stages, but no task goes beyond {max(depth.values())}: '
            f'shorten the backbone or move a task. Found at = {dict(at)}.'
        )
    return depth
