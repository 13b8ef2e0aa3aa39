"""What a watch adds to a step of PCGrad."""

from collections.abc import Callable, Iterator, Sequence

import jax

from experiments.benchmark.networks import dense, problem
from experiments.benchmark.timing import interleaved, ratio_of
from mtljax import surgery
from mtljax.analysis import Table

_METHODS: dict[str, Callable[[], surgery.Surgery]] = {
    'pcgrad': surgery.pcgrad,
    'watch(pcgrad)': lambda: surgery.watch(surgery.pcgrad()),
    'watch(pcgrad, every=10)': lambda: surgery.watch(surgery.pcgrad(), every=10),
}
_WORK = 64  # tasks times steps in one round


def tables(rounds: int, tasks: Sequence[int]) -> Iterator[tuple[str, Table]]:
    """Measure, and yield the table with its title.

    Args:
      rounds: The number of rounds, in which the programs take turns.
      tasks: The numbers of tasks.
    """
    jax.config.update('jax_enable_compilation_cache', False)
    rows = []
    for count in tasks:
        setup, steps = problem(dense(3, 256, 256, count)), max(1, _WORK // count)
        contenders = {name: setup.step(make()).contender(steps) for name, make in _METHODS.items()}
        times = interleaved(contenders, rounds)
        flops = {name: setup.flops(make()) for name, make in _METHODS.items()}
        for name in list(_METHODS)[1:]:
            ratio = f'{flops[name] / flops["pcgrad"]:.4f}'
            rows.append([str(count), name, ratio_of(times[name], times['pcgrad']), ratio])
    columns = ['T', 'method', 'time / pcgrad time', 'FLOP / pcgrad FLOP']
    yield 'A watch on the MLP 256-256-256, batch 256', Table(columns, rows)
