"""What per-task gradients cost, engine by engine, in units of the step on the plain sum."""

import statistics
from collections.abc import Mapping

import jax

from experiments._dispatch import interleaved, ratio_of
from experiments._program import console
from experiments._surgery_networks import Network, Step, compiled, networks
from mtljax import gradients, surgery
from mtljax.analysis import Table

ENGINES = ('batched', 'loop', 'lean', 'representation')


def engines(rounds: int) -> Table:
    """Time and temporary memory of a step of PCGrad, and what ``'auto'`` chooses."""
    rows = []
    for network in networks():
        steps = {'sum': compiled(network, surgery.sum(), 'batched')}
        steps |= {engine: compiled(network, surgery.pcgrad(), engine) for engine in ENGINES}
        times = interleaved({name: step.contender() for name, step in steps.items()}, rounds)
        rows.append(_row(network, steps, times))
        console.print('  '.join(rows[-1]))
    ratios = [f'{engine} time / sum time' for engine in ENGINES]
    sizes = [f'{name} MiB' for name in ('sum', *ENGINES)]
    return Table(['network', *ratios, *sizes, 'auto', 'its time / the fastest exact'], rows)


def _row(
    network: Network, steps: Mapping[str, Step], times: Mapping[str, list[float]]
) -> list[str]:
    chosen = _chosen(network)
    best = min(statistics.median(times[engine]) for engine in ENGINES[:3])
    return [
        network.name,
        *(ratio_of(times[engine], times['sum']) for engine in ENGINES),
        *(f'{step.mib:.1f}' for step in steps.values()),
        chosen,
        f'{statistics.median(times[chosen]) / best:.2f}',
    ]


def _chosen(network: Network) -> str:
    model, _, batch = network.problem()
    params, state = jax.jit(model.init)(jax.random.key(0), batch.inputs)

    def trunk(shared):
        return model.features({'shared': shared}, state, batch.inputs, train=True)[0]

    z, pull = jax.vjp(trunk, params['shared'])
    return gradients.choose(params['shared'], pull, z, network.tasks)
