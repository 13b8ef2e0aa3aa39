"""The different values of a column whose cells come in parts."""

import zlib
from collections.abc import Iterable
from typing import Any

_MOST_SUMS = 1 << 17
_RANGE = 1 << 32


class Distinct:
    """Different values: all of them up to a number, and an estimate of their number beyond.

    The estimate counts the values whose CRC-32 lies below a bound. The bound is halved whenever
    more than 131,072 values lie below it, so the estimate usually errs by less than 1 %.

    Attributes:
      values: The values; None if there are more than ``most``.
    """

    def __init__(self, most: int | None = None):
        self.values: set[Any] | None = set()
        self._most, self._sums, self._bound = most, set(), _RANGE

    def add(self, values: Iterable[Any]) -> None:
        """Count more values.

        >>> few = Distinct(most=2)
        >>> few.add('ab'), few.values == {'a', 'b'}, few.add('abc'), few.values, few.count
        (None, True, None, None, 3)
        """
        if self.values is not None:
            self.values.update(values)
            if self._most is None or len(self.values) <= self._most:
                return
            values, self.values = self.values, None
        sums = (zlib.crc32(str(value).encode()) for value in values)
        self._sums.update(each for each in sums if each < self._bound)
        while len(self._sums) > _MOST_SUMS:
            self._bound //= 2
            self._sums = {each for each in self._sums if each < self._bound}

    @property
    def count(self) -> int:
        """The number of different values, estimated if there are very many."""
        if self.values is not None:
            return len(self.values)
        return round(len(self._sums) * (_RANGE / self._bound))
