"""The record of one training."""

import math
from typing import Any, NamedTuple

import jax

from experiments import build
from experiments.compare.methods import Cell
from experiments.version import code_version
from mtljax import analysis, training
from mtljax.training import Result


class Run(NamedTuple):
    """The record of one method, setting and seed."""

    method: str
    variant: str
    task: str | None
    seed: int
    score: float
    best_step: int
    steps: int
    validation: dict[str, dict[str, float]]
    test: dict[str, dict[str, float]]
    parameters: int
    seconds: float
    together: int
    mixing: dict[str, list[list[float]]]
    history: list[dict[str, Any]]
    devices: list[str]
    code: str
    error: str


def finished(cell: Cell, built: build.Setup, seed: int, result: Result, together: int) -> Run:
    """Return the record of a finished training; ``together`` seeds shared one program."""
    steps = int(result.state.step)
    score = built.options.score(result.validation)
    return Run(
        **_common(cell, seed),
        score=score if math.isfinite(score) else -math.inf,
        best_step=result.best_step,
        steps=steps,
        validation=result.validation,
        test=result.test,
        parameters=analysis.count(result.best.params, result.best.state),
        seconds=steps / result.steps_per_second,
        together=together,
        mixing=analysis.mixing(built.model.tasks, result.best.params, result.best.state),
        history=result.history,
        error='',
    )


def failed(cell: Cell, built: build.Setup, seed: int, error: str) -> Run:
    """Return the record of a training with a loss that was not finite; every metric is NaN."""
    nothing = training.filled(built.dataset.tasks, math.nan)
    example = built.dataset.train.example
    shapes = jax.eval_shape(built.model.init, jax.random.key(0), example.inputs)
    return Run(
        **_common(cell, seed),
        score=-math.inf,
        best_step=0,
        steps=0,
        validation=nothing,
        test=nothing,
        parameters=analysis.count(*shapes),
        seconds=math.nan,
        together=1,
        mixing={},
        history=[],
        error=error,
    )


def _common(cell: Cell, seed: int) -> dict[str, Any]:
    return {
        'method': cell.method,
        'variant': cell.variant,
        'task': cell.task,
        'seed': seed,
        'devices': [device.device_kind for device in jax.devices()],
        'code': code_version(),
    }
