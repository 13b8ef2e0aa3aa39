"""Parallel experts after common stages."""

from collections.abc import Callable, Mapping
from typing import Any

from mtljax.base import Module
from mtljax.module import serial, stack
from mtljax.options import check_count
from mtljax.sharing._check import check, check_range
from mtljax.sharing._stages import by_stage_name, run_stages

Wiring = tuple[dict[str, Module], Callable]


def experts(
    backbone: tuple[Module, ...], num_experts: int, start: int, stop: int, gate_at: int
) -> Wiring:
    """Return a wiring for `module.wire`, from x to the gates' input and the experts' outputs.

    The outputs are ``[E, B, ...]``. The stages before ``start`` are common. The ``num_experts``
    copies of the stages from ``start`` to ``stop`` are stacked in one subtree, ``'experts'``.
    """
    common = by_stage_name(backbone[:start])
    copies = stack(serial(*backbone[start:stop]), num_experts)

    def run(call, x):
        outputs = run_stages(call, common, x)
        return outputs[gate_at], call('experts', outputs[-1])

    return {**common, 'experts': copies}, run


def check_experts(
    backbone: tuple[Module, ...],
    heads: Mapping[str, Module],
    num_experts: Any,
    start: Any,
    stop: Any,
    gate_at: Any,
) -> tuple[int, int, int]:
    """Return the checked ``start``, ``stop`` and ``gate_at``, which is ``start`` by default."""
    check(backbone, heads)
    check_count('num_experts', num_experts, 1)
    start, stop = check_range(backbone, start, stop)
    gate_at = start if gate_at is None else gate_at
    if not isinstance(gate_at, int) or not 0 <= gate_at <= start:
        raise ValueError(
            f'gate_at should be a number of stages in 0..{start}, at most start. '
            f'Found gate_at = {gate_at}.'
        )
    return start, stop, gate_at
