"""The time per word on a keyboard: one model with a head per task, or one model per task."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from experiments.benchmark.cost import Server
from experiments.benchmark.timing import ratio_of
from mtljax import analysis, sharing
from mtljax.analysis import Table
from mtljax.base import Dataset, Module, MultiTask
from mtljax.files import png_of, write_bytes, write_text

TITLE = 'Time per word'
SHARED = 'one model'
APART = 'a model per task'
_ONE_PROGRAM = 'a model per task, one program'


def servers(dataset: Dataset, backbone: tuple[Module, ...]) -> dict[str, Server]:
    """Return three ways to answer all tasks after a word, and one that answers the first task only.

    A call sends one sequence of the test split from the host to the device, and fetches the
    predictions for its last word.

    Args:
      dataset: A data set of sequences. Every task predicts something for each word.
      backbone: The backbone of every model.
    """
    heads = dataset.heads
    words = dataset.test.take(np.arange(dataset.test.size)).inputs
    shared = last_word(sharing.hard(backbone, heads))
    apart = [last_word(sharing.hard(backbone, {task: head})) for task, head in heads.items()]
    per_task = [_program(model, words[:1]) for model in apart]
    return {
        SHARED: _server([_program(shared, words[:1])], words),
        APART: _server(per_task, words),
        _ONE_PROGRAM: _server([_program(_together(apart), words[:1])], words),
        f'{next(iter(heads))} alone': _server(per_task[:1], words),
    }


def last_word(model: MultiTask) -> Module:
    """Make a model predict for the last word of a sequence only, so that the heads run on one word.

    Args:
      model: A model whose features are ``[B, L, ...]``, such as hard sharing on a transformer.
    """

    def apply(params, state, x, *, key=None, train=False):
        z, state = model.features(params, state, x, key=key, train=train)
        last = jax.tree.map(lambda leaf: leaf[:, -1:], z)
        return model.readout(params, state, last, key=key, train=train)

    return Module(model.init, apply)


def table(servers: Mapping[str, Server], seconds: Mapping[str, Sequence[float]]) -> Table:
    """Return parameters, FLOPs and latencies, with ratios to the one shared model.

    Args:
      servers: The result of `servers`.
      seconds: The seconds of every call. The servers take turns.
    """
    first, rows = servers[SHARED], []
    for name, server in servers.items():
        row = [name, f'{server.parameters:,}', f'{server.parameters / first.parameters:.2f}']
        row += [f'{server.flops / 1e6:.2f}', f'{server.flops / first.flops:.2f}']
        row += [f'{ms:.2f}' for ms in np.quantile(seconds[name], (0.5, 0.99)) * 1e3]
        rows.append([*row, ratio_of(list(seconds[name]), list(seconds[SHARED]))])
    columns = ['model', 'parameters', 'relative parameters', 'MFLOP', 'relative MFLOP']
    return Table([*columns, 'median ms', '99th percentile ms', 'relative time'], rows)


def figure(seconds: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the share of words that are answered within a time, with the median and 99th percentile.

    Args:
      seconds: The seconds of every call.
    """
    figure = Figure(figsize=(6.4, 4.4), layout='constrained')
    axes = figure.subplots()
    for index, (name, times) in enumerate(seconds.items()):
        ms, marks = np.sort(times) * 1e3, np.quantile(times, (0.5, 0.99)) * 1e3
        label = f'{name}: p50 {marks[0]:.2f} ms, p99 {marks[1]:.2f} ms'
        axes.plot(ms, np.arange(1, len(ms) + 1) / len(ms), color=f'C{index}', label=label)
        axes.plot(marks, (0.5, 0.99), 'o', color=f'C{index}', markersize=4)
    axes.set(xscale='log', xlabel='ms per word', ylabel='share of words')
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    figure.legend(loc='outside upper center', fontsize='small', frameon=False)
    return figure


def write(
    workdir: Path, table: Table, note: str, seconds: Mapping[str, Sequence[float]]
) -> list[Path]:
    """Write the figure, and one page with the tables of the comparison and this table.

    Args:
      workdir: The folder of the comparison.
      table: The result of `table`.
      note: The text below the table.
      seconds: The seconds of every call.

    Returns:
      The paths of the two files.
    """
    image, page = workdir / 'latency.png', workdir / 'text_entry.md'
    write_bytes(image, png_of(figure(seconds)))
    accuracy = (workdir / 'table.md').read_text()
    write_text(page, f'{accuracy}\n## {TITLE}\n\n{table.markdown()}\n\n{note}\n')
    return [image, page]


def _together(models: Sequence[Module]) -> Module:
    """Join several models with the same input into one model."""

    def init(key, x):
        keys = jax.random.split(key, len(models))
        variables = [model.init(key, x) for model, key in zip(models, keys, strict=True)]
        return [params for params, _ in variables], [state for _, state in variables]

    def apply(params, state, x, *, key=None, train=False):
        parts = zip(models, params, state, strict=True)
        outputs = [model.apply(p, s, x, key=key, train=train) for model, p, s in parts]
        return [y for y, _ in outputs], [s for _, s in outputs]

    return Module(init, apply)


class _Program(NamedTuple):
    """The cost of a model, and its compiled predictions ``(x) -> {task: ...}``."""

    cost: analysis.Cost
    predict: Callable[[np.ndarray], Any]


def _program(model: Module, x: np.ndarray) -> _Program:
    params, state = jax.jit(model.init)(jax.random.key(0), x)
    forward = jax.jit(lambda params, state, x: model.apply(params, state, x)[0])
    compiled = forward.lower(params, state, x).compile()
    return _Program(analysis.cost(model, x), lambda x: compiled(params, state, x))


def _server(programs: Sequence[_Program], words: np.ndarray) -> Server:
    """Return a function that calls all programs one after the other on the same words."""
    rows = itertools.cycle(words[:, None])

    def call() -> Any:
        row = next(rows)
        return jax.device_get([program.predict(row) for program in programs])

    costs = [program.cost for program in programs]
    return Server(sum(cost.total for cost in costs), sum(cost.flops for cost in costs), call)
