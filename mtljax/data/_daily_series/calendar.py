"""Features of a day that follow from its date."""

from typing import Any

import numpy as np

from mtljax.options import check_count

_EPOCH = np.datetime64('2000-01-01')
_MONDAY, _THURSDAY = 0, 3
_MOST_PAIRS = 182
_WEEK_PAIRS = 3  # with the constant, as many functions as a week has days


def calendar_features(
    dates: Any, *, first: str, fourier: int = 10, holidays: bool = True, trend: bool = True
) -> np.ndarray:
    """Compute features of days from the calendar: seasons, weekdays, holidays and a trend.

    The result is a float32 array ``[N, 2 fourier + 6 + 7 + 11 holidays + trend]``, where
    ``holidays`` and ``trend`` count as 0 or 1. In this order, its columns are:

    - the sines, then the cosines, of ``2 pi k t / 365.25`` for k from 1 to ``fourier``, where t
      counts days;
    - the sines, then the cosines, of ``2 pi k t / 7`` for k from 1 to 3;
    - the weekday, one-hot, from Monday on;
    - the federal holidays of the United States, one-hot;
    - the years since ``first``.

    Args:
      dates: The N days, as ISO dates or ``datetime64``.
      first: The day on which the trend is 0, an ISO date.
      fourier: The number of sine and cosine pairs for the year, at most 182. More pairs would
        repeat the others, because a year has 365 days.
      holidays: Whether to include the holidays: New Year, Martin Luther King, Washington, Memorial
        Day, Juneteenth (since 2021), Independence Day, Labor Day, Columbus Day, Veterans Day,
        Thanksgiving and Christmas. Each holiday is marked on the day itself, even if it falls on a
        weekend. The rules are those in force since 1986.
      trend: Whether to include the years since ``first``.

    Raises:
      ValueError: ``fourier`` is out of range, or an entry of ``dates`` is not a date.

    >>> calendar_features(['2017-11-23', '2017-11-24'], first='2017-11-23').shape
    (2, 45)
    >>> features = calendar_features(['2017-07-04'], first='2016-07-04', fourier=0)
    >>> features[0, 6:].round(2).tolist()  # Tuesday, the sixth holiday, a year later
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0,
     0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    """
    check_count('fourier', fourier, 0, most=_MOST_PAIRS)
    days = np.asarray(dates, 'datetime64[D]')
    t = (days - _EPOCH).astype(np.float64)
    columns = [waves(t / 365.25, fourier), waves(t / 7, _WEEK_PAIRS)]
    columns.append(weekday_of(days)[:, None] == np.arange(7))
    if holidays:
        columns.append(federal_holidays(days))
    if trend:
        columns.append((days - np.datetime64(first)).astype(np.float64)[:, None] / 365.25)
    return np.concatenate(columns, axis=1, dtype=np.float32, casting='same_kind')


def federal_holidays(days: np.ndarray) -> np.ndarray:
    """Mark the holidays of `calendar_features`: booleans ``[N, 11]``, one column per holiday.

    >>> days = np.arange('2021-01-01', '2022-01-01', dtype='datetime64[D]')
    >>> [str(day) for day in days[federal_holidays(days).any(1)]][1:5]
    ['2021-01-18', '2021-02-15', '2021-05-31', '2021-06-19']
    """
    year = days.astype('datetime64[Y]').astype(int) + 1970
    month = days.astype('datetime64[M]').astype(int) % 12 + 1
    day = (days - days.astype('datetime64[M]')).astype(int) + 1
    weekday = weekday_of(days)

    def nth(n, name, of):
        return (month == of) & (weekday == name) & ((day - 1) // 7 == n - 1)

    def fixed(of, number):
        return (month == of) & (day == number)

    return np.stack(
        [
            fixed(1, 1),
            nth(3, _MONDAY, 1),
            nth(3, _MONDAY, 2),
            (month == 5) & (weekday == _MONDAY) & (day > 31 - 7),
            fixed(6, 19) & (year >= 2021),
            fixed(7, 4),
            nth(1, _MONDAY, 9),
            nth(2, _MONDAY, 10),
            fixed(11, 11),
            nth(4, _THURSDAY, 11),
            fixed(12, 25),
        ],
        axis=1,
    )


def weekday_of(days: np.ndarray) -> np.ndarray:
    """Return the weekday, 0 for Monday to 6 for Sunday.

    >>> weekday_of(np.array(['2017-11-23'], 'datetime64[D]')).tolist()
    [3]
    """
    return (days.astype('datetime64[D]').astype(int) + 3) % 7  # 1970 began on a Thursday


def waves(phase, pairs):
    angles = 2 * np.pi * phase[:, None] * np.arange(1, pairs + 1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
