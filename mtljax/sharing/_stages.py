"""Stages and their names."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mtljax.base import Module
from mtljax.module import serial


def by_stage_name(stages: tuple[Module, ...]) -> dict[str, Module]:
    """Return ``{'stage0': ..., 'stage1': ...}``."""
    return {f'stage{at}': stage for at, stage in enumerate(stages)}


def run_stages(call: Callable[[str, Any], Any], names: Iterable[str], x: Any) -> list[Any]:
    """Return ``x`` and the outputs of the named modules, which run one after the other."""
    outputs = [x]
    for name in names:
        outputs.append(call(name, outputs[-1]))
    return outputs


def with_tail(tail: tuple[Module, ...], heads: Mapping[str, Module]) -> dict[str, Module]:
    """Put each head after its own copy of the stages ``tail``."""
    return {task: serial(*tail, head) if tail else head for task, head in heads.items()}
