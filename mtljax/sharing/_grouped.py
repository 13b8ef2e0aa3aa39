"""Hard sharing within groups of tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtljax import trees
from mtljax._near import did_you_mean
from mtljax._shown import shown
from mtljax.base import Module, MultiTask
from mtljax.module import features_of, serial, stack, wire
from mtljax.sharing._check import check, check_depth
from mtljax.sharing._scheme import scheme
from mtljax.sharing._stages import run_stages

_GROUPS = 'groups'


def grouped(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    *,
    groups: Sequence[Sequence[str]],
    at: int = 0,
) -> MultiTask:
    """Hard sharing within groups of tasks: each group has its own copy of the last stages.

    All tasks share the stages before ``at``, and the tasks of a group share a copy of the other
    stages: ``head_t(copy_of_the_group(first_stages(x)))``. With ``at=0`` each group has a network
    of its own, as the groups of tasks that should be learned together (Standley, Zamir, Chen,
    Guibas, Malik, Savarese, ICML 2020, https://arxiv.org/abs/1905.07553).

    The first stages are stored as ``params['shared']['stage0']`` and so on. The copies are stacked
    in ``params['shared']['groups']``, with one entry per group on the first axis, and run in one
    ``vmap``. A task that is alone in its group shares its copy with no one, so that this copy is
    stored together with its head in ``params['task']['heads'][task]``.

    Args:
      backbone: The network without the heads, as a tuple of stages. A stage is a `Module`, for
        example one layer.
      heads: The head of each task, ``{task: Module}``. Arrays with one entry per task have
        the order of this dict.
      groups: The names of the tasks of each group. Each task is in one group. A task that is not
        listed is alone.
      at: The number of stages that all tasks share, from 0 to the number of stages.

    Raises:
      ValueError: A task is unknown or in two groups, a group is empty, or the backbone has fewer
        than ``at`` stages.

    >>> import jax
    >>> from mtljax import backbones, heads
    >>> three = {'a': heads.linear(), 'b': heads.linear(), 'c': heads.linear()}
    >>> model = grouped(backbones.mlp((8, 8)), three, groups=[['a', 'c'], ['b']], at=1)
    >>> params, _ = model.init(jax.random.key(0), jax.numpy.ones((2, 4)))
    >>> sorted(params['shared']), params['shared']['groups']['stage1']['Dense_0']['kernel'].shape
    (['groups', 'stage0'], (1, 8, 8))
    """
    check(backbone, heads)
    check_depth('at', at, len(backbone))
    together = _check_groups(groups, tuple(heads))
    place = {task: index for index, group in enumerate(together) for task in group}
    own = backbone[at:]
    alone = [task for task in heads if task not in place] if own else []
    ends = {task: serial(*own, head) if task in alone else head for task, head in heads.items()}
    copies = len(together) if own else 0
    trunk = _trunk(backbone, at, copies)

    def pick(task, z):
        common, groups = z
        if task in alone:
            return common
        return features_of(trees.row(groups, place[task]) if copies else common)

    return scheme(trunk, {'heads': ends}, pick)


def _trunk(backbone: tuple[Module, ...], at: int, copies: int) -> Module:
    """Return a module from x to the output of the first stages, and those of the copies."""
    first, own = _named(backbone, 0, at), _named(backbone, at, len(backbone))
    branch = wire(own, lambda call, x: run_stages(call, own, x)[-1])
    modules = first | ({_GROUPS: stack(branch, copies)} if copies else {})

    def run(call, x):
        common = run_stages(call, first, x)[-1]
        return common, call(_GROUPS, common) if copies else None

    return wire(modules, run)


def _named(backbone: tuple[Module, ...], start: int, stop: int) -> dict[str, Module]:
    return {f'stage{index}': backbone[index] for index in range(start, stop)}


def _check_groups(groups: Any, tasks: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the groups with more than one task."""
    listed = isinstance(groups, Sequence) and not isinstance(groups, str)
    if not listed or not all(
        isinstance(group, Sequence) and not isinstance(group, str) and group for group in groups
    ):
        raise ValueError(
            f'groups should be lists of tasks, [[task, ...], ...]. Found {shown(groups)}.'
        )
    named = [task for group in groups for task in group]
    unknown = [task for task in named if task not in tasks]
    if unknown:
        raise ValueError(
            f'groups should have tasks of the heads {list(tasks)}. Found {unknown}.'
            f'{did_you_mean(unknown, tasks)}'
        )
    twice = sorted({task for task in named if named.count(task) > 1})
    if twice:
        raise ValueError(f'groups should have each task once. Found {twice} more than once.')
    return [tuple(group) for group in groups if len(group) > 1]
