"""Files of Parquet and Arrow, read in row groups.

A small file of a stranger may describe very many rows. So the cells of a file, 8 bytes each, may
need 1 GiB, or 1,000 times the size of the file if that is more.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mtljax._extra import check_extra
from mtljax.data._table.arrow import cells_of_arrow
from mtljax.data._table.names import check_columns
from mtljax.data._table.source import Part, Source

_CELL, _LEAST_BOUND, _MOST_TIMES = 8, 2**30, 1000
PARQUET, ARROW = ('.parquet', '.pq'), ('.arrow', '.feather', '.ipc')


class ArrowFile(Source):
    """A file of Parquet or Arrow, as a `Source` whose parts are row groups.

    Raises:
      ValueError: The file is damaged, holds no row, repeats a name, or is too large when read.
      ImportError: The extra ``tables`` is not installed.
    """

    first, streamable = 1, True

    def __init__(self, path: Path):
        check_extra('tables', 'pyarrow')
        self._path = path
        with _named(path):
            self._file = _Parquet(path) if path.suffix.lower() in PARQUET else _Ipc(path)
            check_columns(self._file.names)
        self.names: Sequence[str] = self._file.names
        sizes = self._file.sizes
        self._groups = [group for group, size in enumerate(sizes) if size]
        self.sizes: Sequence[int] = [sizes[group] for group in self._groups]
        if not self.sizes:
            raise ValueError(f'{path} should hold rows. Found no row.')
        self._check_size()

    def read(self, part: int, names: Sequence[str]) -> Part:
        """Return the cells of some columns in one row group."""
        with _named(self._path):
            table = self._read(self._groups[part], list(names))
            cells = {name: cells_of_arrow(name, table.column(name)) for name in names}
        del table
        release()  # otherwise Arrow keeps the memory of this row group
        return cells

    def _check_size(self) -> None:
        rows, columns, size = sum(self.sizes), len(self.names), self._path.stat().st_size
        needed = max(_CELL * rows * columns, self._file.needed)
        if needed > max(_LEAST_BOUND, _MOST_TIMES * size):
            raise ValueError(
                f'{self._path} should need at most 1 GiB, or {_MOST_TIMES:,} times its size, when '
                f'it is read. Found {rows:,} rows of {columns:,} columns in {size:,} bytes. If you '
                'trust this file, split it into several files.'
            )

    def _read(self, group: int, names: list[str]) -> Any:
        """Read a row group; places outside of it would end the process later."""
        table = self._file.read(group, names)
        table.validate(full=True)
        return table

    def chunks(self, rows_each: int | None) -> Iterator[Mapping[str, Any]]:
        """Yield parts of up to ``rows_each`` rows, ``{name: column of Arrow}``."""
        for group in self._groups:
            with _named(self._path):
                table = self._read(group, list(self.names))
            for start in range(0, len(table), rows_each or len(table)):
                part = table.slice(start, rows_each)
                yield {name: part.column(name) for name in self.names}
                del part
            del table
            release()


class _Parquet:
    def __init__(self, path: Path):
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path)
        self.names = self._file.schema_arrow.names
        groups = self._file.metadata
        parts = [groups.row_group(i) for i in range(groups.num_row_groups)]
        self.sizes = [part.num_rows for part in parts]
        self.needed = sum(part.total_byte_size for part in parts)

    def read(self, group: int, names: list[str]) -> Any:
        return self._file.read_row_group(group, columns=names)


class _Ipc:
    def __init__(self, path: Path):
        import pyarrow as pa

        self._pa, self._file = pa, pa.ipc.open_file(pa.memory_map(str(path)))
        self.names = self._file.schema.names
        count, self.needed = self._file.num_record_batches, 0
        self.sizes = [self._file.get_batch(index).num_rows for index in range(count)]

    def read(self, group: int, names: list[str]) -> Any:
        return self._pa.Table.from_batches([self._file.get_batch(group).select(names)])


def release() -> None:
    """Give memory that Arrow no longer uses back to the system."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise errors of Arrow with the name of the file."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise ValueError(f'{path} should be a whole file. Found {error!s:.300}.') from error
