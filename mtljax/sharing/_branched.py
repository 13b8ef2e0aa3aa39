"""Hard sharing in which tasks leave the shared stages at different depths."""

from collections.abc import Mapping, Sequence

from mtljax._near import did_you_mean
from mtljax.base import Module, MultiTask
from mtljax.module import features_of, serial, wire
from mtljax.sharing._check import check
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


def branched(
    backbone: tuple[Module, ...], heads: Mapping[str, Module], *, at: Mapping[str, int]
) -> MultiTask:
    """Hard sharing in which the head of a task may read the features of an early stage.

    If S stages run before the head of task t, the prediction is
    ``head_t(stage_S(... stage_1(x)))``. The option ``at`` sets S for each task. A low-level task,
    such as edge detection, can use fewer stages than a high-level task.

    Stages that several tasks use are stored under ``params['shared']``. If only one task uses the
    last stages, they are stored together with its head in ``params['task']['heads'][task]``. To
    give a task additional stages, put them into its head with ``module.serial``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      at: The number of stages before the head of each task, ``{task: number}``. With 0, the head
        reads the input of the model. A task that is not in this dict uses all stages.

    Raises:
      ValueError: ``at`` has an unknown task or a number of stages that the backbone does not have,
        or no task uses the last stage.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> both = {'edges': heads.linear(4), 'class': heads.linear(10)}
    >>> model = branched(backbones.mlp((8, 8, 8)), both, at={'edges': 1, 'class': 3})
    >>> params, _ = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> # the stages of 'class' are counted from 0 again; the last one is its head
    >>> sorted(params['shared']), sorted(params['task']['heads']['class'])
    (['stage0'], ['stage0', 'stage1', 'stage2'])
    """
    check(backbone, heads)
    depth = _depths(len(backbone), tuple(heads), at)
    common = sorted(depth.values())[-2] if len(depth) > 1 else len(backbone)
    exits = sorted({min(d, common) for d in depth.values()})
    ends = {
        task: serial(*backbone[common:], head) if depth[task] > common else head
        for task, head in heads.items()
    }
    trunk = with_exits(backbone[:common], exits)

    def pick(task, z):
        x = z[exits.index(min(depth[task], common))]
        return x if depth[task] > common else features_of(x)

    return scheme(trunk, {'heads': ends}, pick)


def with_exits(stages: tuple[Module, ...], exits: Sequence[int]) -> Module:
    """Run the stages one after the other; return a tuple of the outputs after ``exits`` stages."""
    modules = by_stage_name(stages)

    def run(call, x):
        outputs = run_stages(call, modules, x)
        return tuple(outputs[depth] for depth in exits)

    return wire(modules, run)


def _depths(stages, tasks, at):
    if not isinstance(at, Mapping):
        raise ValueError(f'at should be {{task: number of stages}}. Found at = {at!r}.')
    unknown = set(at) - set(tasks)
    if unknown:
        raise ValueError(
            f'at should name tasks of the heads {list(tasks)}. Found {sorted(unknown)}.'
            f'{did_you_mean(unknown, tasks)}'
        )
    depth = {task: at.get(task, stages) for task in tasks}
    for task, d in depth.items():
        if not isinstance(d, int) or not 0 <= d <= stages:
            raise ValueError(
                f'at[{task!r}] should be a number of stages in 0..{stages}. Found {d!r}.'
            )
    if max(depth.values()) < stages:
        raise ValueError(
            f'At least one task should use all {stages} stages of the backbone. Found '
            f'at = {dict(at)}. '
            'Shorten the backbone, or let a task leave later.'
        )
    return depth
