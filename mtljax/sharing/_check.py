"""Checks of the arguments that all sharing schemes take."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtljax.base import Module


def check(backbone: Sequence[Module], heads: Mapping[str, Module]) -> None:
    """Raise a ValueError unless the backbone is a tuple of stages and each task has a head."""
    if (
        not isinstance(backbone, tuple)
        or not backbone
        or not all(isinstance(s, Module) for s in backbone)
    ):
        raise ValueError(
            f'backbone should be a tuple of stages, with at least one Module. Found {backbone!r}.'
        )
    if not isinstance(heads, Mapping) or not heads:
        raise ValueError(f'heads should be {{task: Module}}, at least one task. Found {heads!r}.')
    for task, head in heads.items():
        if not isinstance(task, str) or '/' in task:
            raise ValueError(f"Task names should be strings without '/'. Found {task!r}.")
        if not isinstance(head, Module):
            raise ValueError(f'The head of task {task!r} should be a Module. Found {head!r}.')


def check_range(backbone: Sequence[Module], start: Any, stop: Any) -> tuple[int, int]:
    """Return the range of stages from ``start`` to ``stop``; None means the end of the backbone.

    Raises:
      ValueError: The range is empty or outside the backbone.
    """
    last = len(backbone) if stop is None else stop
    if not _whole(start, last) or not 0 <= start < last <= len(backbone):
        raise ValueError(
            f'start and stop should be stages with 0 <= start < stop <= {len(backbone)}. '
            f'Found start = {start}, stop = {stop}.'
        )
    return int(start), int(last)


def check_stages(name: str, stages: Any, first: int, last: int) -> tuple[int, ...]:
    """Return the indices of the chosen stages, sorted; None stands for all stages.

    Raises:
      ValueError: No stage is chosen, a stage is listed twice, or an index is not in ``first`` to
        ``last``.
    """
    known = range(first, last + 1)
    stages = known if stages is None else stages
    chosen = tuple(stages) if isinstance(stages, Iterable) else ()
    once = len(set(chosen)) == len(chosen) > 0
    if not once or not _whole(*chosen) or not set(chosen) <= set(known):
        raise ValueError(
            f'{name} should be different stages among {first} to {last}, at least one stage. '
            f'Found {name} = {stages}.'
        )
    return tuple(sorted(map(int, chosen)))


def check_depth(name: str, depth: Any, stages: int) -> None:
    """Raise a ValueError unless ``depth`` is a number of stages of the backbone."""
    if not _whole(depth) or not 0 <= depth <= stages:
        raise ValueError(
            f'{name} should be a number of stages in 0..{stages}. Found {name} = {depth!r}.'
        )


def _whole(*values: Any) -> bool:
    return all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values)


def check_funnel(funnel: Any, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks of a funnel; None stands for all tasks.

    A funnel is a sequence of events in which each event can only follow the one before.

    Raises:
      ValueError: There is no task, a task is listed twice, or a task is unknown.
    """
    chosen = tasks if funnel is None else tuple(funnel)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(tasks):
        raise ValueError(
            f'funnel should be different tasks of {list(tasks)}, at least one task. '
            f'Found funnel = {funnel}.'
        )
    return chosen


def check_logits(logits: Sequence[Any]) -> None:
    """Raise a ValueError unless all heads of a funnel give logits of the same shape."""
    shapes = [logit.shape for logit in logits]
    if len(set(shapes)) > 1:
        raise ValueError(f'The heads of a funnel should give logits of one shape. Found {shapes}.')
