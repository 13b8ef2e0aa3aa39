"""What every scheme expects of its arguments."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtljax.base import Module


def check(backbone: Sequence[Module], heads: Mapping[str, Module]) -> None:
    """Raise a ValueError unless ``backbone`` is a tuple of stages and ``heads`` one per task."""
    if (
        not isinstance(backbone, tuple)
        or not backbone
        or not all(isinstance(s, Module) for s in backbone)
    ):
        raise ValueError(
            f'A backbone is a tuple of stages (Modules), one at least. Found {backbone!r}.'
        )
    if not isinstance(heads, Mapping) or not heads:
        raise ValueError(f'heads should be {{task: Module}}, one at least. Found {heads!r}.')
    for task, head in heads.items():
        if not isinstance(head, Module):
            raise ValueError(f'The head of task {task!r} should be a Module. Found {head!r}.')


def check_range(backbone: Sequence[Module], start: Any, stop: Any) -> tuple[int, int]:
    """``start`` and ``stop`` as the range of stages that a scheme works on; None means the end.

    Raises:
      ValueError: the range is empty or outside the backbone.
    """
    last = len(backbone) if stop is None else stop
    if not all(isinstance(at, int) for at in (start, last)) or not 0 <= start < last <= len(
        backbone
    ):
        raise ValueError(
            f'start and stop should be stages with 0 <= start < stop <= {len(backbone)}. '
            f'Found start = {start}, stop = {stop}.'
        )
    return start, last


def check_stages(name: str, stages: Any, first: int, last: int) -> tuple[int, ...]:
    """Stages that a user chose, sorted; all of them for None.

    Raises:
      ValueError: none, one twice, or one outside ``first`` to ``last``.
    """
    found = tuple(range(first, last + 1)) if stages is None else tuple(sorted(stages))
    if not found or len(set(found)) < len(found) or not set(found) <= set(range(first, last + 1)):
        raise ValueError(
            f'{name} should be different stages among {first} to {last}, one at least. '
            f'Found {name} = {stages}.'
        )
    return found


def check_funnel(funnel: Any, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks of a funnel, all of them for None.

    Raises:
      ValueError: none, one twice, or an unknown one.
    """
    found = tasks if funnel is None else tuple(funnel)
    if not found or len(set(found)) < len(found) or not set(found) <= set(tasks):
        raise ValueError(
            f'funnel should be different tasks of {list(tasks)}, one at least. '
            f'Found funnel = {funnel}.'
        )
    return found
