"""Answers for the words of new texts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.predict.progress import shown_rows
from experiments.predict.request import Request
from experiments.predict.write import as_array, writer_of
from experiments.program import UsageError
from mtljax import answers, data
from mtljax.build import Run
from mtljax.data import TextSchema

_COLUMN = 'text'
_TABLES = ('.csv', '.parquet', '.pq', '.arrow', '.feather', '.ipc')
_MOST = 100  # classes whose probabilities all become columns


def is_text(request: Request) -> bool:
    """Return whether the input holds texts, and not arrays."""
    return Path(request.source or '').suffix not in ('.npy', '.npz')


def answer(run: Run, request: Request) -> str:
    """Write a row for each word of a text, or of the column ``text`` of a table; return a report.

    Raises:
      UsageError: There is no word or no column ``text``, or the file cannot be read.
    """
    assert run.text is not None
    counts: Counter[str] = Counter()
    try:
        with writer_of(Path(request.target or '')) as write, shown_rows() as shown:
            for columns in shown(_answered(run, run.text, request, counts)):
                write(columns)
            if not counts['words']:
                raise UsageError(f'--input should hold words. Found none in {request.source}.')
    except ValueError as error:
        raise UsageError(str(error)) from error
    return (
        f'{counts["words"]:,} words, written to {request.target}\n'
        f'unknown words: {counts["unknown"]:,}'
    )


def _answered(
    run: Run, schema: TextSchema, request: Request, counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield the columns of the output for some words after the other.

    Each text begins a new sequence. A last sequence that is not full is filled up with unknown
    words, which a causal model does not see.
    """
    size = max(1, request.batch_size // schema.length)  # sequences
    for texts, beside in _parts(run, request):
        words = [data.words_of(text) for text in texts]
        sequences = np.concatenate([schema.sequences(each) for each in words])
        known = np.concatenate([schema.encode(each) for each in words])
        counts.update(words=len(known), unknown=int((known == 0).sum()))
        there = np.concatenate([_is_word(len(each.there), schema.length) for each in words])
        rows = np.repeat(np.arange(len(words)), [len(each.there) for each in words])
        columns = {name: column[rows] for name, column in beside.items()}
        spelt = np.array([word for each in words for word in each.there], object)
        columns = _joined(columns, {'word': spelt})
        start = 0
        for at in range(0, len(sequences), size):
            found = run.answer(sequences[at : at + size], request.tasks, (size,))
            chosen = there[at * schema.length : (at + size) * schema.length]
            end = start + int(chosen.sum())
            part = {name: column[start:end] for name, column in columns.items()}
            yield _joined(part, _columns(run, found, chosen))
            start = end


def _is_word(count: int, length: int) -> np.ndarray:
    """Return which places of the sequences of a text hold one of its words."""
    return np.arange(count + -count % length) < count


def _parts(run: Run, request: Request) -> Iterator[tuple[Sequence[str], dict[str, np.ndarray]]]:
    """Yield texts, and the columns that are copied for each word of a text."""
    source = Path(request.source or '')
    if Path(source.name.removesuffix('.gz')).suffix.lower() not in _TABLES:
        if request.keep:
            raise UsageError(f'--keep is for tables. Found the text {source}. Leave --keep out.')
        yield [data.read_text(source)], {}
        return
    of_file = {'delimiter': request.delimiter or ',', 'encoding': request.encoding or 'utf-8'}
    first = 1
    for part in data.table_chunks(source, request.batch_size, **of_file):
        missing = [name for name in (_COLUMN, *request.keep) if name not in part]
        if missing:
            raise UsageError(
                f'--input should have the column {_COLUMN!r} and those of --keep. Missing: '
                f'{missing}. Found {list(part)[:20]}.'
            )
        kept = {name: as_array(part[name]) for name in request.keep}
        texts = ['' if cell is None else str(cell) for cell in as_array(part[_COLUMN])]
        yield texts, _joined({'row': np.arange(first, first + len(texts))}, kept)
        first += len(texts)


def _columns(run: Run, found: Mapping[str, Any], chosen: np.ndarray) -> dict[str, Any]:
    """Return the answers for words; of very many probabilities only the largest one."""
    table = {}
    for task, parts in found.items():
        flat = {name: x.reshape(-1, *x.shape[2:])[chosen] for name, x in parts.items()}
        if 'probabilities' in flat and flat['probabilities'].shape[-1] > _MOST:
            flat['probability'] = flat.pop('probabilities').max(axis=-1)
        table |= answers.columns(task, answers.of(run.tasks[task]).description, flat)
    return table


def _joined(columns: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    both = sorted(columns.keys() & more.keys())
    if both:
        raise UsageError(f'--keep should name other columns than the answers. Found {both}.')
    return columns | more
