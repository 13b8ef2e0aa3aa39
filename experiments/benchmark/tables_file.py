"""A large generated table of a shop, as a file of Parquet."""

from pathlib import Path

import numpy as np

from experiments.program import UsageError
from mtljax.files import replacing

TARGETS = ('click', 'seconds')
GROUP = 131_072  # the rows of a row group
_NUMBERS, _CITIES, _USERS = 20, 200, 1_000_000
_KINDS = (np.float32, np.float64)
_FIRST_DAY = np.datetime64('2022-01-01')


def write_table(path: Path, rows: int) -> Path:
    """Write the table unless it is there.

    It has 30 columns: 20 numbers, of which some are missing; three numbers of 32 bits; a date; a
    user; three other columns of text; and two targets: a click, and for clicks the seconds of a
    visit.

    Args:
      path: The file.
      rows: The number of rows.

    Raises:
      UsageError: The file has another number of rows, or pyarrow is missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("The suite tables needs pyarrow: pip install 'mtljax[tables]'.") from error
    if path.exists():
        found = pq.ParquetFile(path).metadata.num_rows
        if found != rows:
            raise UsageError(f'{path} should have {rows} rows. Found {found}. Remove it.')
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        writer = None
        for start in range(0, rows, GROUP):
            table = pa.table(_columns(pa, start, min(GROUP, rows - start)))
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table, row_group_size=GROUP)
        if writer is not None:
            writer.close()
    return path


def _columns(pa, start: int, rows: int) -> dict:
    rng = np.random.default_rng((0, start))
    numbers = rng.normal(size=(_NUMBERS, rows))
    city, user = rng.integers(_CITIES, size=rows), rng.zipf(1.2, size=rows) % _USERS
    score = numbers[0] + 0.5 * numbers[1] * numbers[2] + np.sin(city)
    click = rng.random(rows) < 1 / (1 + np.exp(2 - score))
    seconds = np.exp(3 + 0.5 * numbers[3] + 0.3 * rng.normal(size=rows))
    columns = {
        f'x{index}': pa.array(values.astype(_KINDS[index % 2]), mask=rng.random(rows) < 0.02)
        for index, values in enumerate(numbers)
    }
    columns |= {f'count{index}': rng.poisson(3, rows).astype(np.int32) for index in range(3)}
    columns['day'] = (_FIRST_DAY + rng.integers(700, size=rows)).astype('datetime64[s]')
    columns['user'] = _texts(pa, user, 'user {}', _USERS)
    columns['city'] = _texts(pa, city, 'city {}', _CITIES)
    columns['device'] = _texts(pa, rng.integers(3, size=rows), 'device {}', 3)
    columns['plan'] = _texts(pa, rng.integers(5, size=rows), 'plan {}', 5)
    columns['click'] = click
    columns['seconds'] = pa.array(seconds, mask=~click)
    return columns


def _texts(pa, codes: np.ndarray, form: str, most: int):
    known = np.unique(codes)
    names = pa.array([form.format(code) for code in known.tolist()])
    return names.take(pa.array(np.searchsorted(known, codes)))
