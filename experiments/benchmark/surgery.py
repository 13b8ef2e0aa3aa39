"""The cost of surgery: steps of several methods, and the same steps in PyTorch."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.benchmark import surgery_pytorch as peer
from experiments.benchmark.networks import Network, Problem, Step, dense, lenet, mmoe, problem
from experiments.benchmark.surgery_figure import step_times
from experiments.benchmark.timing import interleaved, ratio_of
from experiments.program import console
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
_FEW = ('sum', 'pcgrad', 'mgda', 'nash_mtl')
_FORWARD, _BACKWARD = 3, 5  # matrix products in the forward and in one backward pass of the MLP
_PRODUCT = 2 * 256**3  # FLOPs of one product
_WORK = 32  # tasks times steps in one round

Times = dict[str, list[float]]


class Measured(NamedTuple):
    """The steps of a network, and their seconds ``{'method' or 'library method': [rounds]}``."""

    problem: Problem
    steps: dict[str, Step]
    times: Times


def tables(
    rounds: int, tasks: Sequence[int], peers: Sequence[str], draw: Callable[[Figure], None]
) -> Iterator[tuple[str, Table]]:
    """Measure, and yield every table with its title.

    Args:
      rounds: The number of rounds, in which the programs take turns.
      tasks: The numbers of tasks on the MLP.
      peers: The other libraries, among ``'torch'``, ``'torchjd'`` and ``'libmtl'``.
      draw: A function that is called with the figure.
    """
    jax.config.update('jax_enable_compilation_cache', False)
    measured = {t: _measure(dense(3, 256, 256, t), METHODS, peers, rounds) for t in tasks}
    draw(step_times({t: each.times for t, each in measured.items()}, peers))
    yield 'Methods on the MLP 256-256-256, batch 256', _methods(measured)
    if peers:
        yield (
            'The same steps in PyTorch',
            _beside({f'T = {t}': each for t, each in measured.items()}),
        )
        rest = {n.name: _measure(n, _FEW, peers, rounds) for n in (mmoe(2), mmoe(8), lenet())}
        yield 'MMoE and LeNet, and the same steps in PyTorch', _beside(rest)


def _measure(
    network: Network, methods: Iterable[str], peers: Sequence[str], rounds: int
) -> Measured:
    """Measure every method, the rows without a method, and the other libraries; all take turns."""
    count = max(1, _WORK // network.tasks)
    setup = problem(network)
    steps = {name: setup.step(METHODS[name]()) for name in methods}
    contenders = {name: step.contender(count) for name, step in steps.items()}
    contenders['rows'] = setup.step(_rows_only()).contender(count)
    for library in peers:
        for name in methods:
            run = peer.contender(library, name, steps['sum'], setup.model.tasks, count)
            contenders |= {} if run is None else {f'{library} {name}': run}
    times = interleaved(contenders, rounds)
    times = {name: [each / count for each in row] for name, row in times.items()}
    console.print(network.name, {name: f'{_ms(row)} ms' for name, row in times.items()})
    return Measured(setup, steps, times)


def _rows_only() -> surgery.Surgery:
    """Compute the task gradients and add them: the cost of a method without Gramian and solver."""
    return surgery.from_gramian(lambda gramian, state, **_: (jnp.ones(len(gramian)), state))


def _methods(measured: dict[int, Measured]) -> Table:
    columns = ['T', 'method', 'time / sum time', 'time / floor time', 'Gramian and solver']
    columns += ['time / pcgrad time', 'ms', 'MFLOP', 'FLOP / floor FLOP', 'MiB']
    rows = []
    for tasks, (setup, steps, times) in measured.items():
        products = _FORWARD + tasks * _BACKWARD
        floor = [products / (_FORWARD + _BACKWARD) * each for each in times['sum']]
        rows_only = statistics.median(times['rows'])
        for name, step in steps.items():
            flops = setup.flops(METHODS[name]())
            share = 1 - rows_only / statistics.median(times[name])
            ratios = [ratio_of(times[name], floor), f'{100 * share:.0f} %']
            ratios += [ratio_of(times[name], times['pcgrad'])]
            row = [str(tasks), name, ratio_of(times[name], times['sum'])]
            row += ['-', '-', '-'] if name == 'sum' else ratios
            row += [_ms(times[name]), f'{flops / 1e6:,.0f}']
            row += ['-' if name == 'sum' else f'{flops / (products * _PRODUCT):.2f}']
            rows.append([*row, f'{step.mib:.1f}'])
    return Table(columns, rows)


def _beside(measured: dict[str, Measured]) -> Table:
    rows = []
    for label, (_, steps, times) in measured.items():
        for name in steps:
            ratios = [_against(times, name, library) for library in peer.LIBRARIES]
            rows.append([label, name, _ms(times[name]), *ratios])
    return Table(
        ['network', 'method', 'ms', *(f'{each} time / ours' for each in peer.LIBRARIES)], rows
    )


def _against(times: Times, name: str, library: str) -> str:
    """Return the ratio with its quartiles, and 'a tie' if 1 is between them."""
    other = times.get(f'{library} {name}')
    if other is None:
        return '-'
    low, high = np.quantile(np.divide(other, times[name]), (0.25, 0.75))
    text = ratio_of(other, times[name])
    return f'{text}, a tie' if low <= 1 <= high else text


def _ms(times: list[float]) -> str:
    return f'{1e3 * statistics.median(times):.2f}'
