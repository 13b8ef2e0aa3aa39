"""Measure the time of programs that take turns, and compute ratios of their times."""

import time
from collections.abc import Callable

import numpy as np

Contender = Callable[[], None]
"""A function that runs one chunk of work, and waits for its end."""


def interleaved(contenders: dict[str, Contender], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every round. The programs take turns, after one warm-up call each."""
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    return times


def ratio_of(first: list[float], second: list[float]) -> str:
    """Return the median of the ratios per round, with the quartiles."""
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f'{middle:.2f} ({low:.2f} to {high:.2f})'
