"""The report on the answers for a table."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mtljax.data import Encoded
from mtljax.training import Results

_ADVICE = 'Has the file another encoding? See --encoding.'

_OWN = (
    'The run was trained on rows of this table: the metrics below are no test results. Those are '
    'in summary.json of the run.'
)


@dataclass
class Counts:
    """What was counted in a table.

    Attributes:
      rows: The number of rows.
      empty: The empty cells of each input column that has some.
      unseen: The cells of each column whose category the training rows do not contain.
      undefined: The answers of each task that are not finite.
      extra: The columns that the run does not know.
    """

    rows: int = 0
    empty: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    undefined: Counter[str] = field(default_factory=Counter)
    extra: tuple[str, ...] = ()

    def add(self, rows: int, encoded: Encoded, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Count the rows of one more part of the table, and the answers for them."""
        self.rows += rows
        self.empty.update(encoded.empty)
        self.unseen.update(encoded.unseen)
        self.undefined.update({task: _undefined(parts) for task, parts in found.items()})
        self.extra = encoded.extra


def report(counts: Counts, results: Results, target: str, *, own: bool = False) -> str:
    """Return the report as lines of text.

    Args:
      counts: What was counted in the table.
      results: The metrics, if the table has labels.
      target: The file of the answers.
      own: Whether the table is the one that the run was trained on.

    >>> counts = Counts(3, Counter(size=1), Counter(city=2))
    >>> print(report(counts, {'price': {'loss': 0.5}}, 'out.csv'))
    3 rows, written to out.csv
    empty cells: size 1
    unknown categories: city 2
    Most categories of city are unknown. Has the file another encoding? See --encoding.
    price: loss 0.5
    """
    lines = [f'{counts.rows:,} rows, written to {target}']
    lines += [f'empty cells: {_counted(counts.empty)}'] if counts.empty else []
    lines += [f'unknown categories: {_counted(counts.unseen)}'] if counts.unseen else []
    most = sorted(name for name, count in counts.unseen.items() if count > counts.rows / 2)
    lines += [f'Most categories of {", ".join(most)} are unknown. {_ADVICE}'] if most else []
    lines += [_of_undefined(counts.undefined)] if any(counts.undefined.values()) else []
    lines += [f'ignored columns: {", ".join(counts.extra)}'] if counts.extra else []
    lines += [_OWN] if own and results else []
    for task, row in results.items():
        known = {name: value for name, value in row.items() if not math.isnan(value)}
        numbers = ', '.join(f'{name} {value:.5g}' for name, value in known.items())
        lines.append(f'{task}: {numbers or "no labels"}')
    return '\n'.join(lines)


def _undefined(parts: Mapping[str, Any]) -> int:
    """Return the number of rows whose answer is not finite."""
    bad = [~np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in parts.values()]
    return int(np.any(bad, axis=0).sum())


def _of_undefined(counts: Counter[str]) -> str:
    return (
        f'answers that are not finite: {_counted(+counts)}. Are numbers of these rows far outside '
        'those of the training rows?'
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{name} {count:,}' for name, count in sorted(counts.items()))
