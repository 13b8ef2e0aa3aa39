"""The cost of sharing schemes at inference: parameters, FLOPs and latency."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmark.timing import ratio_of
from experiments.program import console
from mtljax import analysis, backbones, heads, sharing
from mtljax.analysis import Table
from mtljax.base import MultiTask

_COLUMNS = 256
_WIDTHS = (512, 512, 512)
_EXPERTS = 4
_CALLS = {1: 300, 64: 100}
_TASKS = tuple(f'task{index}' for index in range(4))


class Server(NamedTuple):
    """A way to answer all tasks.

    Attributes:
      parameters: The number of parameters.
      flops: The FLOPs of one call.
      call: A function that computes all predictions of a batch, and waits for them.
    """

    parameters: int
    flops: float
    call: Callable[[], Any]


def tables(rounds: int) -> Iterator[tuple[str, Table]]:
    """Measure, and yield a table with its title for every batch size.

    Args:
      rounds: The number of turns of each server. A turn has about a hundred calls.
    """
    for size, calls in _CALLS.items():
        title = f'Batch {size}, {rounds * calls:,} calls of each'
        console.print(title)
        yield title, serving(size, calls, rounds)


def serving(size: int, calls: int, rounds: int) -> Table:
    """Measure one encoder with four heads, with ratios to hard sharing."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(size, _COLUMNS)), jnp.float32)
    servers = {name: _one_program(model, x) for name, model in _models().items()}
    servers['independent'] = _program_per_task(x)
    times = _latencies(servers, calls, rounds)
    medians = {name: [float(np.median(row)) for row in rows] for name, rows in times.items()}
    hard, rows = servers['hard'], []
    for name, server in servers.items():
        row = [name, f'{server.parameters:,}', f'{server.parameters / hard.parameters:.2f}']
        row += [f'{server.flops / 1e6:,.2f}', f'{server.flops / hard.flops:.2f}']
        row += [f'{ms:.2f}' for ms in np.quantile(np.ravel(times[name]), (0.5, 0.99)) * 1e3]
        rows.append([*row, ratio_of(medians[name], medians['hard'])])
    columns = ['model', 'parameters', 'relative parameters', 'MFLOP', 'relative MFLOP']
    return Table([*columns, 'median ms', '99th percentile ms', 'relative median'], rows)


def _models() -> dict[str, MultiTask]:
    encoder, ends = backbones.mlp(_WIDTHS), dict.fromkeys(_TASKS, _head())
    return {
        'hard': sharing.hard(encoder, ends),
        'soft': sharing.soft(encoder, ends),
        'mmoe': sharing.mmoe(encoder, ends, num_experts=_EXPERTS),
    }


def _head():
    return heads.mlp((64,), 10)


def _one_program(model: MultiTask, x: Any) -> Server:
    """Return a server with one program for all tasks."""
    cost, run = analysis.cost(model, x), _compiled(model, x)
    return Server(cost.total, cost.flops, lambda: jax.block_until_ready(run()))


def _program_per_task(x: Any) -> Server:
    """Return a server with one model and one program per task; it calls one after the other."""
    models = [sharing.hard(backbones.mlp(_WIDTHS), {task: _head()}) for task in _TASKS]
    costs, runs = [analysis.cost(m, x) for m in models], [_compiled(m, x) for m in models]
    return Server(
        sum(cost.total for cost in costs),
        sum(cost.flops for cost in costs),
        lambda: jax.block_until_ready([run() for run in runs]),
    )


def _compiled(model: MultiTask, x: Any) -> Callable[[], Any]:
    params, state = jax.jit(lambda key: model.init(key, x))(jax.random.key(0))
    forward = jax.jit(lambda params, state, x: model.apply(params, state, x)[0])
    program = forward.lower(params, state, x).compile()
    return lambda: program(params, state, x)


def _latencies(
    servers: Mapping[str, Server], calls: int, rounds: int
) -> dict[str, list[list[float]]]:
    """Return the seconds of every call, ``{name: [rounds][calls]}``; the servers take turns."""
    for server in servers.values():
        server.call()
    times: dict[str, list[list[float]]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            times[name].append([_timed(server.call) for _ in range(calls)])
    return times


def _timed(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
