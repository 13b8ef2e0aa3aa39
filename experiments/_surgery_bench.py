"""What surgery costs: methods, engines, compilation, and the same steps in PyTorch."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments import _surgery_bench_torch as peer
from experiments._dispatch import interleaved, ratio_of
from experiments._engine_bench import engines
from experiments._program import console
from experiments._surgery_networks import Network, Step, compiled, dense, flops, lenet, mmoe
from mtljax import surgery
from mtljax.analysis import Table

METHODS: dict[str, Callable[[], surgery.Surgery]] = {
    'sum': surgery.sum,
    'pcgrad': surgery.pcgrad,
    'mgda': surgery.mgda,
    'cagrad': lambda: surgery.cagrad(c=0.4),
    'nash_mtl': surgery.nash_mtl,
    'upgrad': surgery.upgrad,
    'fairgrad': lambda: surgery.fairgrad(2.0),
}
_TASKS = (2, 4, 8, 16, 40)
_UNITS = 3, 5  # products of one layer in the forward and in one backward of the MLP
_WORK = 32  # tasks times steps in one round

Times = dict[str, list[float]]


def tables(
    rounds: int, peers: Sequence[str], figure: Callable[[Figure], None]
) -> Iterator[tuple[str, Table]]:
    """Every table, with the line that stands above it.

    Args:
      rounds: how often each contender runs, in turn.
      peers: what runs beside, of ``'torch'``, ``'torchjd'`` and ``'libmtl'``.
      figure: what to do with the figure.
    """
    jax.config.update('jax_enable_compilation_cache', False)
    found = {tasks: _measure(dense(3, 256, 256, tasks), METHODS, peers, rounds) for tasks in _TASKS}
    yield 'Methods on the MLP 256-256-256, batch 256', _methods(found)
    figure(_figure({tasks: times for tasks, (_, times) in found.items()}, peers))
    if peers:
        yield 'The same steps in PyTorch', _beside(found, peers)
        few = {name: METHODS[name] for name in ('sum', 'pcgrad', 'mgda', 'nash_mtl')}
        rest = {n.name: _measure(n, few, peers, rounds) for n in (mmoe(2), mmoe(8), lenet())}
        yield 'The same steps of MMoE and LeNet in PyTorch', _beside(rest, peers)
    yield 'Engines: a step of PCGrad', engines(rounds)
    yield 'Seconds to compile a step', compilation(min(rounds, 3))


def compilation(rounds: int) -> Table:
    """Tracing, lowering and XLA, from empty caches."""
    rows = []
    for name in ('sum', 'pcgrad'):
        for tasks in (2, 8, 40):
            network, times = dense(3, 256, 256, tasks), []
            for _ in range(rounds):
                jax.clear_caches()
                begin = time.perf_counter()
                compiled(network, METHODS[name]())
                times.append(time.perf_counter() - begin)
            rows.append([f'{name}, T = {tasks}', f'{statistics.median(times):.2f}'])
    return Table(['method', 'seconds'], rows)


def _measure(
    network: Network, methods: dict[str, Any], peers: Sequence[str], rounds: int
) -> tuple[dict[str, Step], Times]:
    """Steps of every method, of the rows alone, and of the peers, in interleaved rounds."""
    count = max(1, _WORK // network.tasks)
    steps = {name: compiled(network, make()) for name, make in methods.items()}
    steps['rows'] = compiled(network, _rows_alone())
    contenders = {name: step.contender(count) for name, step in steps.items()}
    for library in peers:
        for name in methods:
            run = peer.contender(library, name, steps['sum'], count)
            contenders |= {} if run is None else {f'{library} {name}': run}
    times = interleaved(contenders, rounds)
    console.print(network.name, {k: f'{_ms(v, count):.2f} ms' for k, v in times.items()})
    return steps, {name: [each / count for each in row] for name, row in times.items()}


def _rows_alone() -> surgery.Surgery:
    """Rows that are formed and added: what a method costs without Gramian and solver."""
    return surgery.from_gramian(lambda gramian, state, **_: (jnp.ones(len(gramian)), state))


def _methods(found: dict[int, tuple[dict[str, Step], Times]]) -> Table:
    columns = ['T', 'method', 'time / sum time', 'time / floor', 'Gramian and solver']
    columns += ['time / pcgrad time', 'ms', 'MFLOP', 'FLOP / floor', 'MiB']
    rows = []
    for tasks, (steps, times) in found.items():
        forward, backward = _UNITS
        floor = (forward + tasks * backward) / (forward + backward)
        products = (forward + tasks * backward) * 2 * 256**3
        network = dense(3, 256, 256, tasks)
        for name, step in steps.items():
            if name == 'rows':
                continue
            middle = statistics.median(times[name])
            share = 1 - statistics.median(times['rows']) / middle
            plain = name == 'sum'
            rows.append([str(tasks), name, ratio_of(times[name], times['sum'])])
            rows[-1] += ['-' if plain else _share(times, name, floor)]
            rows[-1] += ['-' if plain else f'{100 * share:.0f} %']
            rows[-1] += ['-' if plain else ratio_of(times[name], times['pcgrad'])]
            count = flops(network, METHODS[name]())
            rows[-1] += [f'{1e3 * middle:.2f}', f'{count / 1e6:,.0f}']
            rows[-1] += ['-' if plain else f'{count / products:.2f}', f'{step.mib:.1f}']
    return Table(columns, rows)


def _share(times: Times, name: str, floor: float) -> str:
    return ratio_of(times[name], [floor * each for each in times['sum']])


def _beside(found: dict[Any, tuple[dict[str, Step], Times]], peers: Sequence[str]) -> Table:
    rows = []
    for label, (steps, times) in found.items():
        for name in steps:
            if name == 'rows':
                continue
            start = f'T = {label}' if isinstance(label, int) else label
            rows.append([start, name, f'{1e3 * statistics.median(times[name]):.2f}'])
            rows[-1] += [_against(times, name, library) for library in peers]
    return Table(['network', 'method', 'ms', *(f'{each} time / ours' for each in peers)], rows)


def _against(times: Times, name: str, library: str) -> str:
    """The ratio with its quartiles; a tie where they span 1."""
    peer_times = times.get(f'{library} {name}')
    if peer_times is None:
        return '-'
    low, high = np.quantile(np.divide(peer_times, times[name]), (0.25, 0.75))
    text = ratio_of(peer_times, times[name])
    return f'{text}, a tie' if low <= 1 <= high else text


def _ms(times: list[float], count: int) -> float:
    return 1e3 * statistics.median(times) / count


def _figure(found: dict[int, Times], peers: Sequence[str]) -> Figure:
    """Step times over T: one panel a method, one line a library."""
    names = [name for name in METHODS if name != 'fairgrad']
    figure = Figure(figsize=(10, 6), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for axes, name in zip(panels, names, strict=True):
        for index, library in enumerate(('mtljax', *peers)):
            key = name if library == 'mtljax' else f'{library} {name}'
            points = [(tasks, times[key]) for tasks, times in found.items() if key in times]
            if not points:
                continue
            tasks, rows = zip(*points, strict=True)
            low, middle, high = 1e3 * np.quantile(rows, (0.25, 0.5, 0.75), axis=1)
            axes.fill_between(tasks, low, high, alpha=0.25, color=f'C{index}')
            axes.plot(tasks, middle, marker='o', markersize=4, color=f'C{index}', label=library)
        axes.set(xscale='log', yscale='log', title=name)
        axes.set_xticks(_TASKS, [str(each) for each in _TASKS], minor=False)
        axes.xaxis.minorticks_off()
        axes.grid(alpha=0.3)
    for axes in panels[3:]:
        axes.set_xlabel('tasks')
    for axes in panels[::3]:
        axes.set_ylabel('ms a step')
    panels[0].legend(fontsize='small')
    figure.suptitle('A step on the MLP 256-256-256, batch 256: medians and quartiles')
    return figure
