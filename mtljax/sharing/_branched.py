"""Hard sharing in which tasks leave the shared stages at different depths."""

from collections.abc import Mapping, Sequence

from mtljax._near import did_you_mean
from mtljax.base import Module, MultiTask
from mtljax.module import features_of, serial, wire
from mtljax.options import check_flag
from mtljax.sharing._check import check, check_depth
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import by_stage_name, run_stages


def branched(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    at: Mapping[str, int],
    own_stages: bool = False,
) -> MultiTask:
    """Hard sharing in which the head of a task may read the features of an early stage.

    If S stages run before the head of task t, the prediction is
    ``head_t(stage_S(... stage_1(x)))``. The option ``at`` sets S for each task. A low-level task,
    such as edge detection, can use fewer stages than a high-level task.

    Stages that several tasks use are stored under ``params['shared']``. If only one task uses the
    last stages, they are stored together with its head in ``params['task']['heads'][task]``. To
    give a task additional stages, put them into its head with ``module.serial``. With
    ``own_stages``, a task that leaves the shared stages early goes on with its own copy of the
    other stages, so that each task passes through the whole backbone.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      at: The number of stages before the head of each task, ``{task: number}``. With 0, the head
        reads the input of the model. A task that is not in this dict uses all stages.
      own_stages: Whether each task has its own copy of the stages after those that it shares.

    Raises:
      ValueError: ``at`` has an unknown task or a number of stages that the backbone does not have,
        or no task uses the last stage although ``own_stages`` is False.

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
    check_flag('own_stages', own_stages)
    depth = _depths(len(backbone), tuple(heads), at, own_stages)
    common = sorted(depth.values())[-2] if len(depth) > 1 else len(backbone)
    leaving = {task: min(d, common) for task, d in depth.items()}
    rest = {
        task: backbone[leaving[task] :] if own_stages or d > common else ()
        for task, d in depth.items()
    }
    exits = sorted(set(leaving.values()))
    ends = {task: serial(*rest[task], head) if rest[task] else head for task, head in heads.items()}

    def pick(task, z):
        x = z[exits.index(leaving[task])]
        return x if rest[task] else features_of(x)

    return scheme(with_exits(backbone[:common], exits), {'heads': ends}, pick)


def with_exits(stages: tuple[Module, ...], exits: Sequence[int]) -> Module:
    """Run the stages one after the other; return a tuple of the outputs after ``exits`` stages."""
    modules = by_stage_name(stages)

    def run(call, x):
        outputs = run_stages(call, modules, x)
        return tuple(outputs[depth] for depth in exits)

    return wire(modules, run)


def _depths(stages, tasks, at, own_stages):
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
        check_depth(f'at[{task!r}]', d, stages)
    if max(depth.values()) < stages and not own_stages:
        raise ValueError(
            f'At least one task should use all {stages} stages of the backbone. Found '
            f'at = {dict(at)}. '
            'Shorten the backbone, let a task leave later, or set own_stages=True.'
        )
    return depth
