"""The time of an answer: one shared model, or one model per task."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from experiments import build
from experiments.benchmark.timing import interleaved
from mtljax import analysis
from mtljax.analysis import Table
from mtljax.base import MultiTask
from mtljax.module import shapes

_ROWS = (1, 64)
_CALLS = 200


def latency(setups: Mapping[str, Sequence[build.Setup]]) -> Table:
    """Measure the time from encoded rows on the host to the predictions of all tasks there.

    The models of a row of the table are called one after the other. The rows of the table take
    turns. The time does not depend on the values of the parameters: all are 0 here.

    Args:
      setups: The models of each row of the table. The first row is the reference of the ratios.
    """
    columns = ['model', 'parameters']
    cells = {name: [_named(name, each), f'{parameters(each):,}'] for name, each in setups.items()}
    for rows in _ROWS:
        seconds = seconds_of(setups, rows)
        first = next(iter(seconds.values()))
        for name, times in seconds.items():
            ratio = np.median(np.divide(times, first))
            cells[name] += [f'{1e3 * np.median(times):.2f}', f'{ratio:.2f}']
        columns += [f'ms for {rows} row{"s" * (rows > 1)}', 'relative']
    return Table(columns, list(cells.values()))


NOTE = (
    f'From encoded rows to predictions, median of {_CALLS} calls; the models take turns. The '
    'models of a row are called one after the other. Relative: median of the ratios.'
)


def _named(name: str, setups: Sequence[build.Setup]) -> str:
    return name if len(setups) == 1 else f'{name}, {len(setups)} models'


def seconds_of(setups: Mapping[str, Sequence[build.Setup]], rows: int) -> dict[str, list[float]]:
    """Return the seconds of each call that answers some rows, for the models of each name."""
    return interleaved({name: _answers(each, rows) for name, each in setups.items()}, _CALLS)


def parameters(setups: Sequence[build.Setup]) -> int:
    """Return the number of parameters of several models."""
    inputs = [built.dataset.train.example.inputs for built in setups]
    return sum(
        analysis.count(*jax.eval_shape(built.model.init, jax.random.key(0), shapes(x)))
        for built, x in zip(setups, inputs, strict=True)
    )


def _answers(setups: Sequence[build.Setup], rows: int) -> Callable[[], Any]:
    """Return a function that computes all predictions for some rows of the test split."""
    test = setups[0].dataset.test
    inputs = test.take(np.arange(rows) % test.size).inputs
    programs = [_program(built.model, inputs) for built in setups]
    return lambda: jax.device_get([program(inputs) for program in programs])


def _program(model: MultiTask, inputs: Any) -> Callable[[Any], Any]:
    like = jax.eval_shape(model.init, jax.random.key(0), shapes(inputs))
    params, state = jax.tree.map(lambda leaf: jax.numpy.zeros(leaf.shape, leaf.dtype), like)
    forward = jax.jit(lambda params, state, x: model.apply(params, state, x)[0])
    compiled = forward.lower(params, state, inputs).compile()
    return lambda x: compiled(params, state, x)
