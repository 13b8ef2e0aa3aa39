"""The cost of sharing schemes: a step, stacked experts, compilation."""

import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.benchmark import pytorch
from experiments.benchmark import sharing_pytorch as peer
from experiments.benchmark.timing import Contender, interleaved, ratio_of
from experiments.program import console
from mtljax import backbones, heads, module, sharing, surgery, training, trees
from mtljax.analysis import Table
from mtljax.base import Batch, Module, MultiTask, Task, TrainState

_BATCH = 256
_COMPILATIONS = 3
_LEARNING_RATE = 1e-3
_WIDTHS = (256, 256)
_OPTIONS: dict[str, dict[str, Any]] = {
    'branched': {'at': {'task0': 1}},
    'grouped': {'groups': [['task0', 'task1'], ['task2', 'task3']]},
}
_LOGITS = ('aitm', 'esmm')


class Problem(NamedTuple):
    """The step of a model, its first state, and a batch."""

    step: training.TrainStep
    state: TrainState
    batch: Batch


def tables(rounds: int, *, with_torch: bool) -> Iterator[tuple[str, Table]]:
    """Measure, and yield every table with its title.

    Args:
      rounds: The number of rounds, in which the programs take turns.
      with_torch: Whether to measure MMoE in eager PyTorch too.

    Raises:
      UsageError: PyTorch is needed and missing.
    """
    if with_torch:
        pytorch.library()
    jax.config.update('jax_enable_compilation_cache', False)
    suites = {
        'A step of every scheme': lambda: schemes(rounds),
        'MMoE, its experts stacked and in a list': lambda: stacked(rounds),
        'Seconds to compile a step': lambda: compilation(min(rounds, _COMPILATIONS)),
        'MMoE against eager PyTorch': lambda: against_torch(rounds),
    }
    for title, make in list(suites.items())[: None if with_torch else -1]:
        console.print(title)
        yield title, make()


def schemes(rounds: int) -> Table:
    """Measure steps of all schemes on one backbone, with four tasks and default options."""
    contenders, counts = {}, {}
    for name in ('hard', *(each for each in sharing.__all__ if each != 'hard')):
        problem = _of_scheme(name, 4)
        compiled = _jitted(problem).lower(problem.state, problem.batch).compile()
        counts[name] = trees.count(problem.state.params), _flops(compiled)
        contenders[name] = _steps(compiled, problem, 10)
    times = interleaved(contenders, rounds)
    rows = []
    for name, (size, flops) in counts.items():
        rows.append([name, _milliseconds(times[name], 10), ratio_of(times[name], times['hard'])])
        rows[-1] += [f'{flops / 1e6:,.0f}', f'{size:,}']
    return Table(['scheme', 'ms', 'time / hard time', 'MFLOP', 'parameters'], rows)


def stacked(rounds: int) -> Table:
    """Measure MMoE with two tasks: stacked experts against the same experts in a list."""
    rows = []
    for width, experts in [(w, e) for w in (64, 256) for e in (4, 16, 64)]:
        backbone, tasks = backbones.mlp((width,)), _tasks(2)
        model = sharing.mmoe(backbone, _heads(tasks), num_experts=experts)
        problems = {
            'stacked': _problem(model, tasks, 128),
            'unrolled': _problem(unrolled(model, backbone), tasks, 128),
        }
        steps = 5 if experts * width > 2048 else 20
        contenders = {name: _steps(_jitted(p), p, steps) for name, p in problems.items()}
        times = interleaved(contenders, rounds)
        rows.append([f'{width} wide, E = {experts}'])
        rows[-1] += [_milliseconds(seconds, steps) for seconds in times.values()]
        rows[-1].append(ratio_of(times['stacked'], times['unrolled']))
        console.print('  '.join(rows[-1]))
    return Table(['experts', 'stacked ms', 'unrolled ms', 'stacked time / unrolled time'], rows)


def unrolled(model: MultiTask, backbone: tuple[Module, ...]) -> MultiTask:
    """Return the same MMoE with its experts in a Python list, with the same initial parameters."""
    expert = module.serial(*backbone)

    def init(key, x):
        params, state = model.init(key, x)
        return {**params, 'shared': trees.unstack(params['shared']['experts'])}, state

    def features(params, state, x, *, key=None, train=False):
        inner = state['shared']['experts']
        rows = [expert.apply(leaves, inner, x, train=train)[0] for leaves in params['shared']]
        return (x, jnp.stack(rows)), state

    return module.multitask(init, features, model.readout, tasks=model.tasks)


def compilation(rounds: int) -> Table:
    """Measure tracing, lowering and XLA with empty caches, for more and more experts and tasks."""
    cases = {f'mmoe, E = {e}, T = 2': ('mmoe', 2, {'num_experts': e}) for e in (2, 8, 64)}
    cases |= {f'mmoe, E = 8, T = {t}': ('mmoe', t, {}) for t in (8, 40)}
    grown = [('hard', 'hard', {}), ('independent', 'independent', {})]
    grown.append(('soft below', 'soft', {'parallel': [0]}))
    cases |= {f'{label}, T = {t}': (name, t, o) for label, name, o in grown for t in (2, 8, 40)}
    problems = {label: _of_scheme(name, t, **o) for label, (name, t, o) in cases.items()}
    times: dict[str, list[tuple[float, ...]]] = {label: [] for label in problems}
    for _ in range(rounds):
        for label, problem in problems.items():
            times[label].append(_phases(problem))
    rows = []
    for label, seconds in times.items():
        phases = [statistics.median(each) for each in zip(*seconds, strict=True)]
        rows.append([label, *(f'{each:.2f}' for each in (*phases, sum(phases)))])
    return Table(['scheme', 'trace', 'lower', 'XLA', 'sum'], rows)


def against_torch(rounds: int) -> Table:
    """Measure MMoE with eight experts against the same modules in eager PyTorch."""
    rows = []
    for widths, count in [(w, t) for w in ((64,), _WIDTHS) for t in (2, 8)]:
        tasks = _tasks(count, heads.mlp((32,)))
        problem = _problem(sharing.mmoe(backbones.mlp(widths), _heads(tasks)), tasks, 128)
        steps = 20 if widths == (64,) else 5
        twin = peer.mmoe(problem.state.params, problem.batch, steps, _LEARNING_RATE)
        _, info = jax.jit(problem.step.update)(problem.state, problem.batch)
        np.testing.assert_allclose(twin.losses(), list(info['loss'].values()), rtol=1e-4)
        contenders = {'torch': twin.run, 'mtljax': _steps(_jitted(problem), problem, steps)}
        times = interleaved(contenders, rounds)
        rows.append([f'experts {"-".join(map(str, widths))}, T = {count}'])
        rows[-1] += [_milliseconds(times[name], steps) for name in ('mtljax', 'torch')]
        rows[-1].append(ratio_of(times['torch'], times['mtljax']))
        console.print('  '.join(rows[-1]))
    return Table(['network', 'mtljax ms', 'PyTorch ms', 'PyTorch time / mtljax time'], rows)


def _of_scheme(name: str, count: int, **options: Any) -> Problem:
    logits = optax.sigmoid_binary_cross_entropy
    tasks = _tasks(count, loss=logits if name in _LOGITS else optax.squared_error)
    if name == 'multi_input':
        model = sharing.multi_input(sharing.hard(backbones.mlp(_WIDTHS), _heads(tasks)))
        return _problem(model, tasks, 64, each=True)
    options = _OPTIONS.get(name, {}) | options
    model = getattr(sharing, name)(backbones.mlp(_WIDTHS), _heads(tasks), **options)
    return _problem(model, tasks, 64)


def _tasks(count: int, head: Module | None = None, loss: Any = optax.squared_error):
    return {f'task{index}': Task(head or heads.linear(), loss) for index in range(count)}


def _heads(tasks: Mapping[str, Task]) -> dict[str, Module]:
    return {name: task.head for name, task in tasks.items()}


def _problem(
    model: MultiTask, tasks: Mapping[str, Task], columns: int, *, each: bool = False
) -> Problem:
    """Return a problem with a batch on the device; with ``each``, every task has its own inputs."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(_BATCH, columns)), jnp.float32)
    labels = rng.integers(2, size=(len(tasks), _BATCH)).astype(np.float32)
    targets = {name: jnp.asarray(row) for name, row in zip(tasks, labels, strict=True)}
    inputs = dict.fromkeys(tasks, x) if each else x
    batch = Batch(inputs, targets, dict.fromkeys(tasks, jnp.ones(_BATCH, bool)))
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(_LEARNING_RATE))
    step = training.train_step(model, tasks, tx)
    return Problem(step, step.init(jax.random.key(0), batch), batch)


def _jitted(problem: Problem):
    return jax.jit(problem.step.update, donate_argnums=0)


def _steps(update: Any, problem: Problem, count: int) -> Contender:
    """Return a function that runs ``count`` steps, each on the state of the previous step."""
    state = jax.tree.map(jnp.copy, problem.state)

    def run():
        nonlocal state
        for _ in range(count):
            state, _ = update(state, problem.batch)
        jax.block_until_ready(state)

    return run


def _phases(problem: Problem) -> tuple[float, float, float]:
    jax.clear_caches()
    marks = [time.perf_counter()]
    traced = _jitted(problem).trace(problem.state, problem.batch)
    marks.append(time.perf_counter())
    lowered = traced.lower()
    marks.append(time.perf_counter())
    lowered.compile()
    marks.append(time.perf_counter())
    first, second, third = np.diff(marks).tolist()
    return first, second, third


def _flops(compiled: Any) -> float:
    return compiled.cost_analysis()['flops']


def _milliseconds(times: list[float], steps: int) -> str:
    low, middle, high = np.quantile(np.array(times) / steps * 1e3, (0.25, 0.5, 0.75))
    return f'{middle:.2f} ({low:.2f} to {high:.2f})'
