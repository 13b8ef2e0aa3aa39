"""Answers for a table, which is read and written in parts."""

import collections
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.predict.progress import shown_rows
from experiments.predict.report import Counts, report
from experiments.predict.request import Request
from experiments.predict.write import writer_of
from experiments.program import UsageError
from mtljax import answers, data, training
from mtljax._near import did_you_mean
from mtljax.base import Batch
from mtljax.build import Run
from mtljax.data import Schema
from mtljax.data._table.arrow_file import ARROW, PARQUET


def answer(run: Run, request: Request) -> str:
    """Write the answers for all rows of a table, and return a report.

    Raises:
      UsageError: A column is missing, or a cell does not fit its column.
    """
    assert run.schema is not None
    of_run = run.config['data']
    text = {
        'delimiter': request.delimiter or of_run.get('delimiter', ','),
        'encoding': request.encoding or of_run.get('encoding', 'utf-8'),
    }
    counts, results = Counts(), {}
    source = Path(request.source or '')
    header = 0 if source.suffix.lower() in (*PARQUET, *ARROW) else 1
    try:
        parts = data.table_chunks(source, request.batch_size, **text)
        with writer_of(Path(request.target or '')) as write, shown_rows() as shown:
            parts = shown(parts)
            batches = _answered(run, run.schema, parts, request, counts, write, header)
            first = next(batches)
            if first.targets:
                tasks = {name: run.tasks[name] for name in request.tasks or run.model.tasks}
                whole = itertools.chain([first], batches)
                results = training.evaluate_batches(run.model, tasks, run.saved, whole)
            else:
                collections.deque(batches, maxlen=0)
    except data.CellError as error:
        place = ' Row 1 is the header.' if header else ''
        raise UsageError(f'{source}: {error}{place}') from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    own = _is_same(of_run.get('path'), source)
    return report(counts, results, request.target or '', own=own)


def _answered(
    run: Run,
    schema: Schema,
    parts: Iterator[Mapping[str, Sequence[str]]],
    request: Request,
    counts: Counts,
    write: Any,
    header: int,
) -> Iterator[Batch]:
    """Write the answers of each part of a table; yield it as a batch with its labels."""
    for part in parts:
        first = counts.rows + header + 1
        encoded = schema.encode(part, first)
        found = run.answer(encoded.inputs, request.tasks, (request.batch_size,))
        kept, columns = _kept(part, request.keep), _columns(run, found)
        if kept.keys() & columns.keys():
            both = sorted(kept.keys() & columns.keys())
            raise UsageError(f'--keep should name other columns than the answers. Found {both}.')
        write(kept | columns)
        counts.add(len(next(iter(part.values()))), encoded, found)
        targets, mask = schema.labels(part, first)
        if request.tasks:
            targets = {name: leaf for name, leaf in targets.items() if name in request.tasks}
        yield _filled(Batch(encoded.inputs, targets, mask), request.batch_size)


def _columns(run: Run, found: Mapping[str, Any]) -> dict[str, Any]:
    table = {}
    for task, parts in found.items():
        table |= answers.columns(task, answers.of(run.tasks[task]).description, parts)
    return table


def _kept(part: Mapping[str, Sequence[str]], keep: Sequence[str]) -> dict[str, Any]:
    missing = [name for name in keep if name not in part]
    if missing:
        raise UsageError(
            f'--keep should name columns of the input. Found {missing}.'
            f'{did_you_mean(missing, part)}'
        )
    return {name: part[name] for name in keep}


def _is_same(path: Any, source: Path) -> bool:
    """Return whether the table is the one that the run was trained on."""
    return isinstance(path, str) and Path(path).is_file() and source.samefile(path)


def _filled(batch: Batch, size: int) -> Batch:
    """Fill a batch up with copies of its last example, without labels."""
    more = size - len(jax.tree.leaves(batch.inputs)[0])

    def filled(leaf: np.ndarray) -> np.ndarray:
        return np.concatenate([leaf, np.repeat(leaf[-1:], more, axis=0)])

    mask = {task: np.append(leaf, np.zeros(more, bool)) for task, leaf in batch.mask.items()}
    return Batch(jax.tree.map(filled, batch.inputs), jax.tree.map(filled, batch.targets), mask)
