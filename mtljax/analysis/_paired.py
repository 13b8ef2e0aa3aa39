"""Differences between methods, taken seed by seed."""

import math
from collections.abc import Mapping, Sequence

from mtljax.analysis._summary import Record, decimals, mean_and_error
from mtljax.analysis._table import Table


def paired(
    records: Sequence[Record], reference: str, tasks: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, tuple[float, float]]]:
    """The mean difference of every method to a reference method, over the seeds that both have.

    For a test metric and seed s, the difference is ``d_s = m_s - r_s``, where ``m_s`` is the value
    of the method and ``r_s`` is the value of the reference. The result is the mean of the n
    differences, and half the width of the 95 % confidence interval of this mean. The half width is
    ``t_{0.975, n-1} sd(d) / sqrt(n)``, with a quantile t of Student's distribution. If a seed gives
    both methods the same data in the same order, the effect of the seed cancels out.

    Args:
      records: The records of all runs.
      reference: The method that the other methods are compared with.
      tasks: ``{task: names of its metrics}``.

    Returns:
      ``{method: {'task metric': (difference, half width)}}``. The half width is NaN for one seed.

    Raises:
      ValueError: There is no run of the reference method.

    >>> from mtljax.analysis import Record
    >>> runs = [Record(m, s, {'a': {'mae': e + s}}, 1, 1.0)
    ...         for m, e in (('hard', 1.0), ('mmoe', 0.5)) for s in (0, 1)]
    >>> paired(runs, 'hard', {'a': ['mae']})
    {'mmoe': {'a mae': (-0.5, 0.0)}}
    """
    runs = {(record.method, record.seed): record.test for record in records}
    methods = list(dict.fromkeys(record.method for record in records))
    if reference not in methods:
        raise ValueError(f'reference should be one of {methods}. Found {reference!r}.')
    seeds = [seed for method, seed in runs if method == reference]
    differences = {}
    for method in methods:
        both = [seed for seed in seeds if (method, seed) in runs]
        if method != reference and both:
            differences[method] = {
                f'{task} {name}': student_interval(
                    [
                        runs[method, seed][task][name] - runs[reference, seed][task][name]
                        for seed in both
                    ]
                )
                for task, names in tasks.items()
                for name in names
            }
    return differences


def paired_table(
    differences: Mapping[str, Mapping[str, tuple[float, float]]], reference: str
) -> Table:
    """Convert the result of `paired` to a table, with a ``*`` if the interval does not contain 0.

    Args:
      differences: The result of `paired`.
      reference: The method that the other methods were compared with.

    >>> paired_table({'mmoe': {'a mae': (-0.5, 0.1)}}, 'hard').rows
    [['mmoe - hard', '-0.5000 ± 0.1000 *']]
    """
    quantities = list(next(iter(differences.values()), {}))
    digits = {what: decimals(row[what] for row in differences.values()) for what in quantities}
    rows = [
        [f'{method} - {reference}', *(_cell(digits[what], *row[what]) for what in quantities)]
        for method, row in differences.items()
    ]
    return Table(['difference', *quantities], rows)


def student_interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean of independent values, and half the width of its 95 % confidence interval.

    For n values with the standard deviation sd, half the width is ``t_{0.975, n-1} sd / sqrt(n)``,
    with a quantile t of Student's distribution (Student, The Probable Error of a Mean, Biometrika
    1908, https://doi.org/10.1093/biomet/6.1.1). It is NaN for one value.

    >>> student_interval([1.0, 3.0])
    (2.0, 12.706...)
    """
    from scipy.stats import t  # slow to import

    mean, error = mean_and_error(values)
    return mean, float(t.ppf(0.975, len(values) - 1)) * error


def _cell(digits: int, mean: float, half: float) -> str:
    if math.isnan(half):
        return f'{mean:+.{digits}f}'
    mark = ' *' if abs(mean) > half else ''
    return f'{mean:+.{digits}f} ± {half:.{digits}f}{mark}'
