"""The networks of the suites surgery and engines, with their compiled steps."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.benchmark.timing import Contender
from mtljax import Batch, Task, backbones, heads, module, sharing, surgery, training
from mtljax.base import Module, MultiTask, TrainState

RATE = 1e-6  # so small that every step has the same gradients
_MIB = 1 << 20


class Network(NamedTuple):
    """A trunk, its inputs, and the number of tasks."""

    name: str
    backbone: tuple[Module, ...]
    inputs: Any
    tasks: int
    head: Callable[..., Module] = heads.linear
    scheme: Callable[..., MultiTask] = sharing.hard


class Problem(NamedTuple):
    """A model on a network, one batch, and the first training state."""

    model: MultiTask
    tasks: dict[str, Task]
    batch: Batch
    start: TrainState

    def step(self, method: surgery.Surgery, engine: str = 'auto') -> 'Step':
        """Return the compiled step of a method."""
        update, state = self.update(method, engine)
        return Step(update.lower(state, self.batch).compile(), state, self.batch)

    def flops(self, method: surgery.Surgery) -> float:
        """Return the FLOPs of one step, as XLA counts them, with the engine ``'batched'``.

        With another engine XLA would count the body of a loop over tasks only once. The result is
        NaN on a GPU, where XLA counts compiled programs only.
        """
        update, state = self.update(method, 'batched')
        cost = update.lower(state, self.batch).cost_analysis()
        return cost['flops'] if cost else math.nan

    def update(self, method: surgery.Surgery, engine: str = 'auto') -> Any:
        """Return the jitted step, and its first state."""
        tx = optax.chain(surgery.on_shared(method), optax.adam(RATE))
        update = training.train_step(self.model, self.tasks, tx, engine=engine).update
        state = self.start._replace(opt_state=tx.init(self.start.params))
        return jax.jit(update, donate_argnums=0), state


def problem(network: Network) -> Problem:
    """Return regression on fixed targets. Every example has a label for every task."""
    tasks = {f't{i}': Task(network.head(), optax.squared_error) for i in range(network.tasks)}
    model = network.scheme(network.backbone, {name: task.head for name, task in tasks.items()})
    rng = np.random.default_rng(1)
    size = network.inputs.shape[0]
    targets = {name: jnp.asarray(rng.normal(size=size), jnp.float32) for name in tasks}
    batch = Batch(network.inputs, targets, dict.fromkeys(tasks, jnp.ones(size, bool)))
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(RATE))
    start = training.train_step(model, tasks, tx).init(jax.random.key(0), batch)
    return Problem(model, tasks, batch, start)


class Step(NamedTuple):
    """A compiled step, and its first state."""

    compiled: Any
    state: TrainState
    batch: Batch

    @property
    def mib(self) -> float:
        """The temporary memory of one step."""
        return self.compiled.memory_analysis().temp_size_in_bytes / _MIB

    def contender(self, count: int = 1) -> Contender:
        """Return a function that runs ``count`` steps, each on the state of the previous step."""
        state = jax.tree.map(jnp.copy, self.state)

        def run():
            nonlocal state
            for _ in range(count):
                state, _ = self.compiled(state, self.batch)
            jax.block_until_ready(state)

        return run


def dense(depth: int, width: int, batch: int, tasks: int) -> Network:
    """Return layers of one width. The input has the same width."""
    name = f'{depth} x {width}, batch {batch}, T = {tasks}'
    return Network(name, backbones.mlp((width,) * depth), _rows(batch, width), tasks)


def lenet() -> Network:
    """Return a LeNet for two tasks on images of 28 x 28 pixels."""
    return Network('LeNet 10-20, batch 256, T = 2', backbones.lenet(), _rows(256, 28, 28), 2)


def mmoe(tasks: int) -> Network:
    """Return eight experts with two layers of 256 units, and one gate per task."""
    name = f'MMoE 8 x 256-256, batch 256, T = {tasks}'
    return Network(name, backbones.mlp((256, 256)), _rows(256, 128), tasks, scheme=sharing.mmoe)


def networks() -> Iterator[Network]:
    """Return wide and narrow dense trunks, experts, attention and convolutions."""
    yield dense(4, 1024, 64, 40)
    yield dense(6, 512, 32, 8)
    yield dense(3, 256, 256, 4)
    yield dense(3, 256, 256, 40)
    for tasks in (8, 40):
        experts = (_experts(8, 512),)
        name = f'8 experts of 512, batch 64, T = {tasks}'
        yield Network(name, experts, _rows(64, 512), tasks)
    yield mmoe(8)
    attention = backbones.transformer(3, 128, 4, max_length=32)
    pooled = {'head': lambda: heads.token(pool='mean')}
    yield Network('3 attention blocks of 128, T = 8', attention, _rows(32, 32, 128), 8, **pooled)
    images = backbones.lenet((16, 32, 64), width=64)
    yield Network('3 convolutions, batch 64, T = 8', images, _rows(64, 32, 32, 3), 8)
    yield lenet()


def _rows(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


def _experts(count: int, width: int) -> Module:
    """Return a layer of experts that one gate mixes for all tasks."""
    inner = module.stack(module.serial(*backbones.mlp((width,))), count, shared_input=True)
    return module.wire(
        {'experts': inner, 'gate': heads.linear(count)},
        lambda call, x: jnp.einsum(
            'be,ebf->bf', jax.nn.softmax(call('gate', x)), call('experts', x)
        ),
    )
