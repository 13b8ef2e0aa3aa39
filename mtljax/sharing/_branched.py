"""Tasks that leave the shared stages at different depths."""

from collections.abc import Mapping, Sequence

from mtljax.base import Module, MultiTask
from mtljax.module import features_of, serial, wire
from mtljax.sharing._check import check
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


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
    own = {
        task: serial(*backbone[common:], head) if depth[task] > common else head
        for task, head in heads.items()
    }
    trunk = with_exits(backbone[:common], exits)

    def pick(task, z):
        x = z[exits.index(min(depth[task], common))]
        return x if depth[task] > common else features_of(x)

    return scheme(trunk, {'heads': own}, pick)


def with_exits(stages: tuple[Module, ...], exits: Sequence[int]) -> Module:
    """The stages in a row; the output is a tuple, what comes after as many stages as ``exits``."""
    modules = by_stage_name(stages)

    def run(call, x):
        outputs = run_stages(call, modules, x)
        return tuple(outputs[depth] for depth in exits)

    return wire(modules, run)


def _depths(stages, tasks, at):
    unknown = set(at) - set(tasks)
    if unknown:
        raise ValueError(f'at names unknown tasks {sorted(unknown)}. Found heads {list(tasks)}.')
    depth = {task: at.get(task, stages) for task in tasks}
    for task, d in depth.items():
        if not isinstance(d, int) or not 0 <= d <= stages:
            raise ValueError(f'at[{task!r}] should lie in 0..{stages}, the stages. Found {d!r}.')
    if max(depth.values()) < stages:
        raise ValueError(
            f'The backbone has {stages} stages, but no task goes beyond {max(depth.values())}: '
            f'shorten the backbone or move a task. Found at = {dict(at)}.'
        )
    return depth
