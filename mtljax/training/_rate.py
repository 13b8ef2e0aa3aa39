"""The speed of training."""

import contextlib
import math
import time


class Rate:
    """Steps per second.

    The first chunk of each length is compiled. It does not count unless all chunks are first ones.
    """

    def __init__(self):
        self._chunks: list[tuple[int, float]] = []

    @contextlib.contextmanager
    def of(self, steps: int):
        """Time the chunk of ``steps`` steps that runs inside."""
        begin = time.perf_counter()
        yield
        self._chunks.append((steps, time.perf_counter() - begin))

    @property
    def steps_per_second(self) -> float:
        """The speed over all chunks that count; NaN before the first chunk."""
        lengths = [steps for steps, _ in self._chunks]
        warm = [c for i, c in enumerate(self._chunks) if c[0] in lengths[:i]]
        counted = warm or self._chunks
        return sum(n for n, _ in counted) / sum(s for _, s in counted) if counted else math.nan
