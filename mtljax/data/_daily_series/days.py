"""Days: their type, and reading one from an option."""

import datetime

import numpy as np

DAY = np.timedelta64(1, 'D')
Day = str | datetime.date | np.datetime64


def day_of(option: str, day: Day) -> np.datetime64:
    """Return the day that an option gives as an ISO date or as a date of Python or NumPy.

    Raises:
      ValueError: The option is no date.

    >>> day_of('origin', '2017-01-31')
    np.datetime64('2017-01-31')
    """
    try:
        date = datetime.date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        date = None
    if not isinstance(date, datetime.date | np.datetime64) or np.isnat(np.datetime64(date)):
        raise ValueError(f'{option} should be an ISO date such as 2017-01-31. Found {day!r}.')
    return np.datetime64(date).astype('datetime64[D]')
