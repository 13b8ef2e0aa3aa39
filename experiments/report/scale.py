"""The scale of an axis: its ends, its ticks and their labels."""

import itertools
import math
from collections.abc import Iterable, Sequence

_STEPS = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two numbers: at least 2, and at most about ``most``.

    >>> ticks(0.0, 1.0, 4)
    [0.0, 0.5, 1.0]
    >>> ticks(0.912, 0.951, 3)
    [0.92, 0.94]
    """
    if not high > low:
        return [low]
    size = 10 ** math.floor(math.log10((high - low) / most))
    found: list[float] = []
    for step in sorted((s * size * t for s in _STEPS[:-1] for t in (0.1, 1, 10)), reverse=True):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        inside = [float(f'{index * step:.12g}') for index in range(first, last + 1)]
        if len(inside) > most and len(found) >= 2:
            break
        found = inside
        if len(found) == most:
            break
    return found


def labels(values: Sequence[float]) -> list[str]:
    """Return the labels of ticks, all with the same number of decimals.

    >>> labels([0.5, 1.0]), labels([0.0, 20000.0]), labels([0.0, 1e-7])
    (['0.5', '1.0'], ['0', '20k'], ['0', '1e-07'])
    """
    largest = max(map(abs, values), default=0.0)
    step = min((b - a for a, b in itertools.pairwise(values)), default=largest)
    if largest >= 1e7 or (step and step < 1e-4):
        written = ([f'{value:.{digits}g}' for value in values] for digits in range(2, 17))
        return next((each for each in written if len({*each}) == len(each)), list(map(str, values)))
    if largest >= 1e4 and all(value % 100 == 0 for value in values):
        return [f'{value / 1000:g}k' if value else '0' for value in values]
    decimals = next((n for n in range(6) if all(_is_whole(v * 10**n) for v in values)), 6)
    return [f'{value:.{decimals}f}' for value in values]


def number(value: float) -> str:
    """Return a number as a reader needs it: with about four digits.

    >>> number(0.94949), number(1234567.0), number(12.3456), number(float('nan'))
    ('0.9495', '1,234,567', '12.35', 'no value')
    """
    if not math.isfinite(value):
        return 'no value'
    size = abs(value)
    if size >= 1000:
        return f'{value:,.0f}'
    if size and size < 1e-3:
        return f'{value:.3g}'
    return f'{value:.{2 if size >= 10 else 4}f}'


def finite(values: Iterable[float]) -> list[float]:
    """Return the numbers that are neither NaN nor infinite."""
    return [value for value in values if math.isfinite(value)]


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6
