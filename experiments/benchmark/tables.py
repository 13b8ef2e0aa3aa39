"""A large table: rows per second and memory, streamed by mtljax and held by pandas."""

import dataclasses
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optax

from experiments.benchmark import pytorch
from experiments.benchmark.tables_file import TARGETS, write_table
from mtljax import backbones, data, sharing, surgery, training
from mtljax.analysis import Table
from mtljax.base import Dataset

_BATCH, _STEPS, _WIDTHS = 4096, 400, (128, 64)


class Speed(NamedTuple):
    """What one library does with a table.

    Attributes:
      rows: The number of rows of the table.
      fit: The rows per second until the first batch is ready.
      batches: The rows per second of shuffled batches.
      trained: The rows per second of training; NaN if it is not measured.
      memory: The peak of the resident memory in GB.
    """

    rows: int
    fit: float
    batches: float
    trained: float
    memory: float


def tables(
    folder: Path, rows: int, peer_rows: int, *, with_torch: bool
) -> Iterator[tuple[str, Table]]:
    """Measure, and yield the table with its title.

    Args:
      folder: The folder of the generated file, which is kept.
      rows: The number of rows.
      peer_rows: The number of first rows that pandas reads.
      with_torch: Whether to measure pandas with a DataLoader of PyTorch too.

    Raises:
      UsageError: A library is missing, or the file has another number of rows.
    """
    path = write_table(folder / 'rows.parquet', rows)
    found = {'mtljax': _in_child(streamed, path)}
    if with_torch:
        found['pandas + DataLoader'] = _in_child(held, path, peer_rows)
    lines = [
        [name, f'{s.rows:,}', *(_count(x) for x in s[1:4]), f'{s.memory:.2f}']
        for name, s in found.items()
    ]
    columns = ['library', 'rows', 'fit, rows/s', 'batches, rows/s', 'training, rows/s', 'GB']
    yield f'30 columns, batches of {_BATCH:,}', Table(columns, lines)


def streamed(path: Path) -> Speed:
    """Stream the table with mtljax: fit it, read batches, and train a model."""
    begin = time.perf_counter()
    dataset = data.table(path, TARGETS, quantile='seconds', stream=True)
    rows = sum(split.size for split in (dataset.train, dataset.validation, dataset.test))
    fit = rows / (time.perf_counter() - begin)
    batches = _rate(dataset.train.batches(_BATCH), dataset.train.size // _BATCH)
    model = sharing.hard(backbones.tabular(**dataset.inputs, widths=_WIDTHS), dataset.heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.adam(1e-3))
    steps = min(_STEPS, dataset.train.size // _BATCH)
    options = {'steps': steps, 'log_every': steps, 'eval_every': steps, 'batch_size': _BATCH}
    result = training.train(model, _with_few(dataset), tx, **options)
    return Speed(rows, fit, batches, result.steps_per_second * _BATCH, _peak())


def held(path: Path, rows: int) -> Speed:
    """Hold the first rows of the table in memory with pandas, and read batches with PyTorch."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    lib = pytorch.library()
    begin = time.perf_counter()
    file, groups, count = pq.ParquetFile(path), [], 0
    while count < rows and len(groups) < file.num_row_groups:
        groups.append(len(groups))
        count += file.metadata.row_group(groups[-1]).num_rows
    frame = pa.Table.to_pandas(file.read_row_groups(groups))
    texts = [name for name in frame if pd.api.types.is_string_dtype(frame[name])]
    codes = np.stack([pd.factorize(frame[name])[0] for name in texts], axis=1)
    numbers = frame.drop(columns=[*texts, *TARGETS, 'day']).astype(np.float32)
    numbers = ((numbers - numbers.mean()) / numbers.std()).fillna(0).to_numpy()
    targets = frame[list(TARGETS)].astype(np.float32).to_numpy()
    tensors = [lib.from_numpy(np.ascontiguousarray(each)) for each in (codes, numbers, targets)]
    fit = len(frame) / (time.perf_counter() - begin)
    loader = lib.utils.data.DataLoader(
        lib.utils.data.TensorDataset(*tensors), batch_size=_BATCH, shuffle=True
    )
    batches = _rate(iter(loader), len(frame) // _BATCH)
    return Speed(len(frame), fit, batches, float('nan'), _peak())


def _with_few(dataset: Dataset) -> Dataset:
    """Return the data set with small splits for evaluation, which is not measured."""
    few = [
        data.ArraySplit(split.take(np.arange(_BATCH)))
        for split in (dataset.validation, dataset.test)
    ]
    return dataclasses.replace(dataset, validation=few[0], test=few[1])


def _rate(batches: Iterator, most: int) -> float:
    begin = time.perf_counter()
    for step, _ in enumerate(batches, 1):
        if step == most:
            break
    return most * _BATCH / (time.perf_counter() - begin)


def _in_child(function: Callable[..., Speed], *args) -> Speed:
    """Call a function in a process of its own, so that its memory is measured alone."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(function, args)


def _peak() -> float:
    unit = 2**30 if sys.platform == 'darwin' else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _count(number: float) -> str:
    return '' if np.isnan(number) else f'{number:,.0f}'
