"""The speed of training on a table, and the choice between two ways to run several seeds."""

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

import optax

from experiments.benchmark import data_pytorch as peer
from experiments.benchmark import pytorch
from experiments.benchmark.fast_path import CHUNK, fast_path
from experiments.benchmark.timing import Contender, interleaved, ratio_of
from experiments.program import UsageError, console
from mtljax import backbones, data, heads, sharing, surgery, training
from mtljax.analysis import Table
from mtljax.base import Dataset, MultiTask

_BATCH, _RATE = 1024, 1e-3
_SEEDS = (0, 1, 2, 3)


class Case(NamedTuple):
    """A model, its data, and the batch size."""

    name: str
    model: MultiTask
    dataset: Dataset
    batch_size: int


def tables(rounds: int, *, with_torch: bool) -> Iterator[tuple[str, Table]]:
    """Measure, and yield every table with its title.

    Args:
      rounds: The number of rounds, in which the programs take turns.
      with_torch: Whether to measure the same model in eager PyTorch too.

    Raises:
      UsageError: The data is missing, or PyTorch is needed and missing.
    """
    try:
        people = data.census()
    except FileNotFoundError as error:
        raise UsageError(' '.join(str(error).split())) from error
    if with_torch:
        pytorch.library()
    yield 'MMoE on census, batches of 1,024', examples(people, rounds, with_torch=with_torch)
    yield f'{len(_SEEDS)} seeds in one program, and one after the other', seeds(people, rounds)


def mixture(dataset: Dataset) -> MultiTask:
    """Return an MMoE on a table: 8 experts of 16 units on embeddings of 4 numbers."""
    backbone = backbones.tabular(**dataset.inputs, widths=(16,))
    return sharing.mmoe(backbone, dataset.heads, num_experts=8, start=1)


def examples(dataset: Dataset, rounds: int, *, with_torch: bool) -> Table:
    """Measure the examples per second of the fast path, and of a loop in eager PyTorch."""
    case = Case('census', mixture(dataset), dataset, _BATCH)
    contenders = {'mtljax': _run(case, 0)}
    if with_torch:
        contenders['PyTorch'] = peer.mmoe(dataset, _BATCH, CHUNK, _RATE).run
    times = interleaved(contenders, rounds)
    count = CHUNK * _BATCH
    rows = [[name, f'{count / statistics.median(t):,.0f}'] for name, t in times.items()]
    for row, seconds in zip(rows, times.values(), strict=True):
        row.append(ratio_of(seconds, times['mtljax']))
    return Table(['library', 'examples/s', 'time / mtljax time'], rows)


def seeds(people: Dataset, rounds: int) -> Table:
    """Measure both ways for several models, and what `training.should_vmap_seeds` chooses."""
    rows = []
    for case in _cases(people):
        step_options: dict[str, Any] = {'seeds': _SEEDS, 'batch_size': case.batch_size}
        together, reason = training.should_vmap_seeds(
            case.model, case.dataset, _tx(), **step_options
        )
        contenders = {'together': _run(case, _SEEDS), 'apart': _in_turn(case)}
        times = interleaved(contenders, rounds)
        medians = {name: statistics.median(seconds) for name, seconds in times.items()}
        chosen = 'together' if together else 'apart'
        row = [case.name, reason, ratio_of(times['together'], times['apart']), chosen]
        row.append(f'{medians[chosen] / min(medians.values()):.2f}')
        console.print('  '.join(row))
        rows.append(row)
    columns = ['network', 'step', 'time together / time apart', 'chosen', 'time / fastest time']
    return Table(columns, rows)


def _cases(people: Dataset) -> Iterator[Case]:
    digits = data.digits()
    for width, batch in ((16, 32), (32, 64), (64, 128), (128, 128), (256, 256)):
        model = sharing.hard(backbones.mlp((width, width)), digits.heads)
        yield Case(f'hard {width}-{width}, batch {batch}', model, digits, batch)
    synthetic = data.mmoe_synthetic(train=20_000, validation=100, test=100)
    towers = {task: heads.mlp((8,)) for task in synthetic.tasks}
    for batch in (64, 512):
        model = sharing.mmoe(backbones.mlp((16,)), towers, num_experts=8)
        yield Case(f'mmoe 8 x 16, batch {batch}', model, synthetic, batch)
    yield Case('mmoe on census, batch 1024', mixture(people), people, _BATCH)


def _in_turn(case: Case) -> Contender:
    contenders = [_run(case, seed) for seed in _SEEDS]

    def run():
        for contender in contenders:
            contender()

    return run


def _run(case: Case, seed: int | tuple[int, ...]) -> Contender:
    return fast_path(case.model, case.dataset, _tx(), case.batch_size, seed)


def _tx():
    return optax.chain(surgery.on_shared(surgery.sum()), optax.adam(_RATE))
