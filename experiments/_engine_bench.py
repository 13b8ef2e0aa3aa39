"""What per-task gradients cost, engine by engine, in units of the step on the plain sum."""

import statistics
from collections.abc import Mapping

import jax

from experiments._dispatch import interleaved, ratio_of
from experiments._program import console
from experiments._surgery_networks import Problem, Step, networks, problem
from mtljax import gradients, surgery
from mtljax.analysis import Table

ENGINES = ('batched', 'loop', 'lean', 'representation')


def engines(rounds: int) -> Table:
    """Time and temporary memory of a step of PCGrad, and what ``'auto'`` chooses."""
    rows = []
    for network in networks():
        made = problem(network)
        steps = {'sum': made.step(surgery.sum())}
        steps |= {engine: made.step(surgery.pcgrad(), engine) for engine in ENGINES}
        times = interleaved({name: step.contender() for name, step in steps.items()}, rounds)
        rows.append([network.name, *_row(_chosen(made), steps, times)])
        console.print('  '.join(rows[-1]))
    ratios = [f'{engine} time / sum time' for engine in ENGINES]
    sizes = [f'{name} MiB' for name in ('sum', *ENGINES)]
    return Table(['network', *ratios, *sizes, 'auto', 'its time / the fastest exact'], rows)


def _row(chosen: str, steps: Mapping[str, Step], times: Mapping[str, list[float]]) -> list[str]:
    best = min(statistics.median(times[engine]) for engine in ENGINES[:3])
    return [
        *(ratio_of(times[engine], times['sum']) for engine in ENGINES),
        *(f'{step.mib:.1f}' for step in steps.values()),
        chosen,
        f'{statistics.median(times[chosen]) / best:.2f}',
    ]


def _chosen(made: Problem) -> str:
    params, state = made.start.params['shared'], made.start.state

    def trunk(shared):
        return made.model.features({'shared': shared}, state, made.batch.inputs, train=True)[0]

    z, pull = jax.vjp(trunk, params)
    return gradients.choose(params, pull, z, len(made.tasks))
