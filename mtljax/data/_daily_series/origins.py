"""The origins of a rolling evaluation."""

from mtljax.data._daily_series.days import DAY, day_of
from mtljax.options import check_count


def rolling_origins(first: str, last: str, *, every: int = 90) -> list[str]:
    """The first day of each forecast in a rolling evaluation.

    These days are called origins. They are ``every`` days apart. For each origin, a model is
    trained on the days before it, and evaluated on the ``every`` days from the origin on (Hyndman &
    Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., OTexts 2021, section 5.10,
    https://otexts.com/fpp3/tscv.html)::

        for origin in rolling_origins('2016-01-01', '2017-12-31'):
            dataset = daily_series(origin=origin, horizon=90, refit=True)

    Args:
      first: The first origin, an ISO date.
      last: The last day that may be forecast, an ISO date.
      every: The number of days from one origin to the next, and the number of days of each
        forecast.

    Returns:
      ISO dates for the argument ``origin`` of `daily_series`.

    Raises:
      ValueError: ``first`` or ``last`` is no date, or no forecast fits between them.

    >>> rolling_origins('2017-01-01', '2017-12-31', every=120)
    ['2017-01-01', '2017-05-01', '2017-08-29']
    """
    check_count('every', every, 1)
    start, stop = day_of('first', first), day_of('last', last) + DAY
    count = int((stop - start).astype(int)) // every
    if count < 1:
        raise ValueError(
            f'{every} days should fit between first and last. '
            f'Found first = {first!r} and last = {last!r}.'
        )
    return [str(start + every * index * DAY) for index in range(count)]
