"""The splits of a table: in memory, or streamed from a file."""

import functools
import itertools
from collections.abc import Callable, Sequence

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.batched import Batched
from mtljax.data._splits.block_split import BlockSplit
from mtljax.data._table.arrays import encode_inputs, encode_targets
from mtljax.data._table.options import Options
from mtljax.data._table.roles import Roles
from mtljax.data._table.schema import Schema
from mtljax.data._table.source import Source
from mtljax.data._table.weights import encode_weights
from mtljax.options import check_flag

_Read = Callable[[int, np.ndarray], Batch]
_MOST_BYTES = 1 << 30
_CELL = 4  # bytes of a number in a batch


def streams(source: Source, stream: bool | None) -> bool:
    """Return whether a table is streamed; by default, a large file is.

    Raises:
      ValueError: A table that cannot be streamed should be.
    """
    if stream is None:
        size = _CELL * sum(source.sizes) * len(source.names)
        return source.streamable and size > _MOST_BYTES
    check_flag('stream', stream)
    if stream and not source.streamable:
        raise ValueError(
            'A table should be a file of Parquet or Arrow to be streamed. Found another table. '
            'Write it to such a file, or set stream=False.'
        )
    return stream


def splits_of(
    source: Source,
    schema: Schema,
    roles: Roles,
    options: Options,
    split: np.ndarray,
    window: int | None,
) -> list[Batched]:
    """Return the training, validation and test split.

    Args:
      source: The table, of N rows.
      schema: Its columns.
      roles: What each column is for.
      options: How columns are read.
      split: The split of each row, uint8 ``[N]``.
      window: The number of rows that are shuffled together in a streamed table; None for a table in
        memory.
    """
    starts = np.cumsum([0, *source.sizes])
    parts = [split[start:stop] for start, stop in itertools.pairwise(starts)]
    read = functools.partial(_examples, source, schema, roles, options)
    if window is None:
        return [_held(read, parts, number) for number in range(3)]
    windows = (window, 1, 1)  # only training shuffles; a small window needs little memory
    return [_streamed(read, parts, number, windows[number]) for number in range(3)]


def _held(read: _Read, parts: Sequence[np.ndarray], number: int) -> ArraySplit:
    rows = [np.flatnonzero(part == number) for part in parts]
    return ArraySplit(_joined([read(part, each) for part, each in enumerate(rows) if len(each)]))


def _streamed(read: _Read, parts: Sequence[np.ndarray], number: int, window: int) -> BlockSplit:
    counts = [int((part == number).sum()) for part in parts]
    filled = [part for part, count in enumerate(counts) if count]

    def read_block(block: int) -> Batch:
        part = filled[block]
        return read(part, np.flatnonzero(parts[part] == number))

    return BlockSplit(read_block, [counts[part] for part in filled], window=window)


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *batches)


def _examples(
    source: Source, schema: Schema, roles: Roles, options: Options, part: int, rows: np.ndarray
) -> Batch:
    """Read some rows of a part of the table."""
    first = source.first + sum(source.sizes[:part])
    table = source.read(part, roles.read)
    inputs = encode_inputs(schema.inputs, table, first)
    values, masks = encode_targets(schema.targets, table, first)
    weights = encode_weights(roles.weights, table, options, masks, first)
    whole = array_split(inputs, values, masks, weight=weights or None)
    return whole.take(rows)
