"""The fast path of training, compared with loops that fetch every batch from the host."""

import statistics
from collections.abc import Iterator
from typing import NamedTuple

import jax
import optax

from experiments.benchmark import pytorch
from experiments.benchmark.fast_path import CHUNK, fast_path
from experiments.benchmark.timing import Contender, interleaved, ratio_of
from experiments.program import console
from mtljax import backbones, data, sharing, surgery, training
from mtljax.analysis import Table
from mtljax.base import Dataset, Module
from mtljax.data import batch_indices

_LEARNING_RATE = 1e-3


class Network(NamedTuple):
    """A row of the table; ``widths`` are the hidden widths of its twin in PyTorch, or None."""

    name: str
    backbone: tuple[Module, ...]
    batch_size: int
    widths: tuple[int, ...] | None
    dropout: float = 0.0


def networks() -> list[Network]:
    """Return the rows of the table."""
    sizes = [(32, 32), (64, 64), (64, 128), (128, 128), (256, 256)]
    rows = [Network(f'mlp {w}-{w}, batch {b}', backbones.mlp((w, w)), b, (w, w)) for w, b in sizes]
    digits = backbones.mlp((256, 256), dropout=0.2)
    rows.append(Network('digits default, batch 256', digits, 256, (256, 256), 0.2))
    rows.append(Network('lenet 10-20, batch 64', backbones.lenet(), 64, None))
    return rows


def table(rounds: int, *, with_torch: bool) -> Table:
    """Return medians over rounds, and ratios with their quartiles.

    Args:
      rounds: The number of rounds, in which the programs take turns.
      with_torch: Whether to measure the same loop in eager PyTorch too.

    Raises:
      UsageError: PyTorch is needed and missing.
    """
    dataset = data.digits()
    rows = []
    for network in networks():
        contenders = dict(_contenders(network, dataset, with_torch=with_torch))
        times = interleaved(contenders, rounds)
        rates = {name: CHUNK / statistics.median(seconds) for name, seconds in times.items()}
        row = [network.name, f'{rates["loop"]:,.0f}', f'{rates["fast"]:,.0f}']
        row.append(ratio_of(times['fast'], times['loop']))
        if with_torch:
            row.append(ratio_of(times['torch'], times['fast']) if 'torch' in times else '-')
        console.print('  '.join(row))
        rows.append(row)
    columns = ['network', 'loop steps/s', 'fast steps/s', 'fast time / loop time']
    return Table([*columns, 'torch time / fast time'][: len(rows[0])], rows)


def _contenders(
    network: Network, dataset: Dataset, *, with_torch: bool
) -> Iterator[tuple[str, Contender]]:
    model = sharing.hard(network.backbone, dataset.heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(_LEARNING_RATE))
    yield 'loop', _loop(training.train_step(model, dataset.tasks, tx), dataset, network.batch_size)
    yield 'fast', fast_path(model, dataset, tx, network.batch_size)
    if with_torch and network.widths is not None:
        yield 'torch', _in_torch(network, dataset)


def _loop(step: training.TrainStep, dataset: Dataset, batch_size: int) -> Contender:
    update = jax.jit(step.update, donate_argnums=0)
    state, start = step.init(jax.random.key(0), dataset.train.example), 0

    def run():
        nonlocal state, start
        for row in batch_indices(dataset.train.size, batch_size, 0, start, start + CHUNK):
            state, _ = update(state, dataset.train.take(row))
        start += CHUNK
        jax.block_until_ready(state)

    return run


def _in_torch(network: Network, dataset: Dataset) -> Contender:
    torch, start, where = pytorch.library(), 0, pytorch.device()
    nn = torch.nn
    layers, size = [nn.Flatten()], dataset.train.example.inputs[0].size
    for width in network.widths or ():
        layers += [nn.Linear(size, width), nn.ReLU()]
        layers += [nn.Dropout(network.dropout)] if network.dropout else []
        size = width
    trunk = nn.Sequential(*layers).to(where)
    heads = nn.ModuleDict({task: nn.Linear(size, 10) for task in dataset.tasks}).to(where)
    weights = [*trunk.parameters(), *heads.parameters()]
    optimiser = torch.optim.Adam(weights, lr=_LEARNING_RATE)

    def run():
        nonlocal start
        for row in batch_indices(dataset.train.size, network.batch_size, 0, start, start + CHUNK):
            batch = dataset.train.take(row)
            features = trunk(torch.from_numpy(batch.inputs).to(where))
            targets = {task: torch.from_numpy(y).to(where) for task, y in batch.targets.items()}
            losses = [
                nn.functional.cross_entropy(heads[task](features), target.long())
                for task, target in targets.items()
            ]
            optimiser.zero_grad()
            torch.stack(losses).sum().backward()
            optimiser.step()
        start += CHUNK
        pytorch.wait()

    return run
