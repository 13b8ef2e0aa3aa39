"""First phase: the days and the series, from a file or generated."""

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mtljax.data._daily_series.files import read_series
from mtljax.data._daily_series.pair import generated_pair
from mtljax.data._reading.names import as_names, check_names
from mtljax.data._reading.paths import as_path


class Series(NamedTuple):
    """Several series on the same days.

    Attributes:
      days: N consecutive days, ``datetime64[D]``.
      values: ``{name: values [N]}``; NaN where a day has no value.
    """

    days: np.ndarray
    values: dict[str, np.ndarray]


def read(
    path: str | os.PathLike | None,
    targets: Iterable[str] | None,
    seed: int,
    columns: tuple[str, str, str],
) -> Series:
    """Read the series of a file, or generate two; see `daily_series`.

    Args:
      path: The file; None generates a pair.
      targets: The names of the series to keep; None keeps all.
      seed: The seed of the generated pair.
      columns: The names of the columns of dates, of names and of values.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: A series is unknown, ``targets`` is empty, or the file is refused.
    """
    chosen = None if targets is None else as_names(targets)
    if chosen == ():
        raise ValueError('targets should name series, or be None for all. Found no name.')
    if path is not None:
        return Series(*read_series(as_path(path), chosen, *columns))
    days, values = generated_pair(seed)
    names = check_names('targets', chosen or values, values, 'series')
    return Series(days, {name: values[name] for name in names})
