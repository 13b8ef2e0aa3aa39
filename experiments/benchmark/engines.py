"""The cost of the task gradients with every engine, relative to a step on the plain sum.

An engine is a way to compute the gradient of every task.
"""

import statistics
import time
from collections.abc import Iterator, Mapping

import jax

from experiments.benchmark.networks import Problem, Step, dense, networks, problem
from experiments.benchmark.timing import interleaved, ratio_of
from experiments.program import console
from mtljax import gradients, surgery
from mtljax.analysis import Table

ENGINES = ('batched', 'loop', 'lean', 'representation')
_COMPILATIONS = 3


def tables(rounds: int) -> Iterator[tuple[str, Table]]:
    """Measure, and yield every table with its title.

    Args:
      rounds: The number of rounds, in which the programs take turns.
    """
    jax.config.update('jax_enable_compilation_cache', False)
    yield 'Engines: a step of PCGrad', _engines(rounds)
    yield 'Seconds to compile a step', _compilation(min(rounds, _COMPILATIONS))


def _engines(rounds: int) -> Table:
    """Measure time and memory of a step of PCGrad, and what the engine ``'auto'`` chooses."""
    rows = []
    for network in networks():
        setup = problem(network)
        steps = {'sum': setup.step(surgery.sum())}
        steps |= {engine: setup.step(surgery.pcgrad(), engine) for engine in ENGINES}
        times = interleaved({name: step.contender() for name, step in steps.items()}, rounds)
        rows.append([network.name, *_row(_chosen(setup), steps, times)])
        console.print('  '.join(rows[-1]))
    ratios = [f'{engine} time / sum time' for engine in ENGINES]
    sizes = [f'{name} MiB' for name in ('sum', *ENGINES)]
    return Table(
        ['network', *ratios, *sizes, 'choice of auto', 'its time / fastest exact time'], rows
    )


def _compilation(rounds: int) -> Table:
    """Measure the seconds of tracing, lowering and XLA, with empty caches."""
    methods, rows = {'sum': surgery.sum, 'pcgrad': surgery.pcgrad}, []
    for tasks in (2, 8, 40):
        setup, seconds = problem(dense(3, 256, 256, tasks)), {name: [] for name in methods}
        for name in sorted(seconds) * rounds:
            update, state = setup.update(methods[name]())
            jax.clear_caches()
            begin = time.perf_counter()
            update.lower(state, setup.batch).compile()
            seconds[name].append(time.perf_counter() - begin)
        middle = {name: statistics.median(times) for name, times in seconds.items()}
        rows.append([str(tasks), *(f'{each:.2f}' for each in middle.values())])
    return Table(['T', 'sum', 'pcgrad'], rows)


def _row(chosen: str, steps: Mapping[str, Step], times: Mapping[str, list[float]]) -> list[str]:
    best = min(statistics.median(times[engine]) for engine in ENGINES[:3])
    return [
        *(ratio_of(times[engine], times['sum']) for engine in ENGINES),
        *(f'{step.mib:.1f}' for step in steps.values()),
        chosen,
        f'{statistics.median(times[chosen]) / best:.2f}',
    ]


def _chosen(setup: Problem) -> str:
    params, state = setup.start.params['shared'], setup.start.state

    def trunk(shared):
        return setup.model.features({'shared': shared}, state, setup.batch.inputs, train=True)[0]

    z, pull = jax.vjp(trunk, params)
    return gradients.choose(params, pull, z, len(setup.tasks))
