"""What per-task gradients cost, engine by engine, in units of the step on the plain sum."""

import statistics
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments._dispatch import Contender, interleaved
from experiments._program import console
from mtljax import Batch, Task, backbones, gradients, heads, module, sharing, surgery, training
from mtljax.analysis import Table
from mtljax.base import Module

_ENGINES = ('batched', 'loop', 'lean', 'representation')
_MIB = 1 << 20


class Network(NamedTuple):
    """A trunk, its inputs, and how many tasks stand on it."""

    name: str
    backbone: tuple[Module, ...]
    inputs: Any
    tasks: int
    head: Callable[..., Module] = heads.linear


def tables(rounds: int, *, with_torch: bool) -> Iterator[tuple[str, Table]]:
    """One table: time and temporary memory of a PCGrad step, and what ``'auto'`` chooses."""
    del with_torch
    rows = []
    for network in networks():
        rows.append(_row(network, rounds))
        console.print('  '.join(rows[-1]))
    times = [f'{engine} time / sum time' for engine in _ENGINES]
    sizes = [f'{engine} MiB' for engine in ('sum', *_ENGINES)]
    yield 'A step of PCGrad', Table(['network', *times, *sizes, 'auto'], rows)


def networks() -> Iterator[Network]:
    """Wide and narrow dense trunks, experts, attention, convolutions."""
    rng = np.random.default_rng(0)

    def rows(*shape):
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    def dense(depth, width):
        return backbones.mlp((width,) * depth)

    yield Network('4 x 1024, batch 64, T = 40', dense(4, 1024), rows(64, 1024), 40)
    yield Network('6 x 512, batch 32, T = 8', dense(6, 512), rows(32, 512), 8)
    yield Network('3 x 256, batch 256, T = 4', dense(3, 256), rows(256, 256), 4)
    yield Network('3 x 256, batch 256, T = 40', dense(3, 256), rows(256, 256), 40)
    experts = (_experts(8, 512),)
    yield Network('8 experts of 512, batch 64, T = 8', experts, rows(64, 512), 8)
    yield Network('8 experts of 512, batch 64, T = 40', experts, rows(64, 512), 40)
    attention = backbones.transformer(3, 128, 4, max_length=32)
    pooled = {'head': lambda: heads.token(pool='mean')}
    yield Network('3 attention blocks of 128, T = 8', attention, rows(32, 32, 128), 8, **pooled)
    images = backbones.lenet((16, 32, 64), width=64)
    yield Network('3 convolutions, batch 64, T = 8', images, rows(64, 32, 32, 3), 8)


def _experts(count: int, width: int) -> Module:
    """A layer of experts, mixed by one gate of all tasks."""
    inner = module.stack(module.serial(*backbones.mlp((width,))), count, shared_input=True)
    return module.wire(
        {'experts': inner, 'gate': heads.linear(count)},
        lambda call, x: jnp.einsum(
            'be,ebf->bf', jax.nn.softmax(call('gate', x)), call('experts', x)
        ),
    )


def _row(network: Network, rounds: int) -> list[str]:
    steps = {'sum': _compiled(network, surgery.sum(), 'batched')}
    steps |= {engine: _compiled(network, surgery.pcgrad(), engine) for engine in _ENGINES}
    times = interleaved({name: _contender(*step) for name, step in steps.items()}, rounds)
    base = statistics.median(times['sum'])
    row = [network.name, *(f'{statistics.median(times[e]) / base:.1f}' for e in _ENGINES)]
    for compiled, _, _ in steps.values():
        memory = compiled.memory_analysis()
        row.append(f'{memory.temp_size_in_bytes / _MIB:.1f}' if memory else '-')
    return [*row, _chosen(network)]


def _compiled(network: Network, method: surgery.Surgery, engine: str):
    tasks = {f't{i}': Task(network.head(), optax.squared_error) for i in range(network.tasks)}
    model = sharing.hard(network.backbone, {name: task.head for name, task in tasks.items()})
    size = network.inputs.shape[0]
    targets = {name: jnp.full(size, i % 3, jnp.float32) for i, name in enumerate(tasks)}
    batch = Batch(network.inputs, targets, dict.fromkeys(tasks, jnp.ones(size, bool)))
    tx = optax.chain(surgery.on_shared(method), optax.sgd(1e-4))
    step = training.train_step(model, tasks, tx, engine=engine)
    state = step.init(jax.random.key(0), batch)
    compiled = jax.jit(step.update, donate_argnums=0).lower(state, batch).compile()
    return compiled, state, batch


def _contender(compiled, state, batch) -> Contender:
    state = jax.tree.map(jnp.copy, state)

    def run():
        nonlocal state
        state, _ = compiled(state, batch)
        jax.block_until_ready(state)

    return run


def _chosen(network: Network) -> str:
    trunk = module.serial(*network.backbone)
    params, state = jax.jit(trunk.init)(jax.random.key(0), network.inputs)
    z, pull = jax.vjp(lambda p: trunk.apply(p, state, network.inputs)[0], params)
    return gradients.choose(params, pull, z, network.tasks)
