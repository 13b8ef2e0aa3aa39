"""What every scheme expects of its arguments."""

from collections.abc import Mapping, Sequence

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
