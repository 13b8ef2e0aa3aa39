"""Serving four tasks: one encoder with four heads, four models, and a mixture."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmark.serving_load import Load, body_of, in_process, measure, served
from experiments.benchmark.serving_models import TASKS, export_all, row, schema
from experiments.benchmark.serving_peers import Answer, in_onnxruntime, in_pytorch
from experiments.benchmark.timing import ratio_of
from experiments.program import console
from mtljax.analysis import Table

_NETWORKS = ((2048, 2048, 2048), (512, 512, 512))
_CALLS = {1: 100, 64: 30}
_CLIENTS = (1, 4, 8, 16, 32, 64)
_ROWS = (1, 16)  # of a request
_SLOW = 0.05  # seconds; the 99th percentile of a load that counts
_ONE_EACH = ('--size=1', '--wait=1e-6')


def tables(
    rounds: int, peers: Sequence[str] = (), seconds: float = 3.0
) -> Iterator[tuple[str, Table]]:
    """Measure, and yield the tables of each network, with titles.

    Args:
      rounds: The number of turns of each model in process.
      peers: Other runtimes that answer in process, some of `serving_peers.NAMES`.
      seconds: The seconds of each load on a service.

    Raises:
      UsageError: A runtime is missing.
    """
    for widths in _NETWORKS:
        with tempfile.TemporaryDirectory() as name:
            paths = export_all(Path(name), widths)
            others = _others(peers, widths, Path(name) / 'hard.onnx')
            shape = ' x '.join(map(str, widths))
            for size, calls in _CALLS.items():
                title = f'Encoder {shape}, batch {size} in process, {rounds * calls:,} calls'
                yield title, _latency(paths, others, size, calls, rounds)
            for count in _ROWS:
                title = f'Encoder {shape}, over HTTP, rows per request: {count}'
                yield title, _over_http(paths, count, seconds)


def _others(peers: Sequence[str], widths: tuple[int, ...], path: Path) -> dict[str, Answer]:
    ways: dict[str, Callable[[], Answer]] = {
        'torch': lambda: in_pytorch(widths),
        'onnxruntime': lambda: in_onnxruntime(widths, path),
    }
    return {f'hard, in {name}': ways[name]() for name in peers}


def _latency(
    paths: Mapping[str, Path], others: Mapping[str, Answer], size: int, calls: int, rounds: int
) -> Table:
    inputs = schema().encode({name: [cell] * size for name, cell in row().items()}).inputs
    alone = [in_process(paths[f'only {task}']) for task in TASKS]
    contenders: dict[str, Callable[[], Any]] = {
        'hard: one encoder, four heads': _calling([in_process(paths['hard'])], inputs),
        'four models in turn': _calling(alone, inputs),
        'four models in one program': _calling([in_process(paths['independent'])], inputs),
        'mmoe: four experts': _calling([in_process(paths['mmoe'])], inputs),
    } | {name: _calling([answer], inputs) for name, answer in others.items()}
    times = _turns(contenders, calls, rounds)
    first = next(iter(times))
    medians = {name: [float(np.median(turn)) for turn in turns] for name, turns in times.items()}
    rows = []
    for name, turns in times.items():
        ends = [f'{1e3 * x:.2f}' for x in np.quantile(np.ravel(turns), (0.5, 0.99))]
        rows.append([name, *ends, ratio_of(medians[name], medians[first])])
    return Table(['model', 'median ms', '99th percentile ms', 'relative median'], rows)


def _calling(calls: Sequence[Callable[[Any], Any]], inputs: Any) -> Callable[[], None]:
    def run():
        for call in calls:
            call(inputs)

    return run


def _turns(contenders, calls: int, rounds: int) -> dict[str, list[list[float]]]:
    for run in contenders.values():
        run()
    times: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            turn = []
            for _ in range(calls):
                begin = time.perf_counter()
                run()
                turn.append(time.perf_counter() - begin)
            times[name].append(turn)
    return times


def _over_http(paths: Mapping[str, Path], count: int, seconds: float) -> Table:
    request, rows = body_of(row(), count), []
    ways = {
        'hard: one encoder, four heads': ([paths['hard']], ()),
        'four models behind one endpoint': ([paths['independent']], ()),
        'four services': ([paths[f'only {task}'] for task in TASKS], ()),
        'mmoe: four experts': ([paths['mmoe']], ()),
        'hard, one call per request': ([paths['hard']], _ONE_EACH),
        'four models, one call per request': ([paths['independent']], _ONE_EACH),
    }
    first = None
    for name, (files, flags) in ways.items():
        with ExitStack() as stack:
            services = [stack.enter_context(served(file, *flags)) for file in files]
            ports = [service.port for service in services]
            loads = [measure(ports, request, clients, seconds) for clients in _CLIENTS]
            memory = sum(service.memory for service in services)
        best = _largest(loads)
        first = first or best.rate
        console.print(f'{name}: {best}')
        ends = [f'{1e3 * x:.1f}' for x in (best.median, best.slow)]
        rate = f'{best.rate / first:.2f}'
        peak = max(load.rate for load in loads)
        row_of = [name, f'{best.clients}', f'{best.rate:,.0f}', *ends, rate, f'{peak:,.0f}']
        rows.append([*row_of, f'{peak * count:,.0f}', f'{memory:,.0f}'])
    columns = ['service', 'clients', 'requests/s', 'median ms', '99th percentile ms']
    return Table([*columns, 'relative rate', 'peak requests/s', 'peak rows/s', 'MB'], rows)


def _largest(loads: Sequence[Load]) -> Load:
    """Return the load with the most requests per second whose 99th percentile is below 50 ms."""
    fast = [load for load in loads if load.slow < _SLOW]
    return max(fast, key=lambda load: load.rate) if fast else min(loads, key=lambda load: load.slow)
