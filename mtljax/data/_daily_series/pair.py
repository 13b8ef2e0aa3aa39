"""A generated pair of daily series."""

import numpy as np

from mtljax.data._daily_series.calendar import federal_holidays, weekday_of

_WEEK = np.array([-0.08, -0.03, 0, 0.03, 0.06, 0.05, -0.03])
_FIRST, _AFTER = '2014-01-01', '2018-01-01'


def generated_pair(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Generate four years of the days and values of ``'a'`` and ``'b'``; see `daily_series`.

    >>> days, values = generated_pair(0)
    >>> len(days), list(values), bool(values['a'].min() > 10_000)
    (1461, ['a', 'b'], True)
    """
    days = np.arange(_FIRST, _AFTER, dtype='datetime64[D]')
    years = (days - days[0]).astype(np.float64) / 365.25
    shape = 0.12 * np.sin(2 * np.pi * years + 0.8) + 0.05 * np.cos(4 * np.pi * years)
    shape = shape + _WEEK[weekday_of(days)] - 0.35 * federal_holidays(days).any(1)
    noise = 0.03 * np.random.default_rng(seed).normal(size=(2, len(days)))
    logs = {
        'a': 11 + shape + 0.02 * years + noise[0],
        'b': 9.5 + 1.1 * shape + 0.04 * years + noise[1],
    }
    return days, {name: np.exp(log) for name, log in logs.items()}
