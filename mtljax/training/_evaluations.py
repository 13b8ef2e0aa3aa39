"""What training evaluates, and when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mtljax.base import TrainState
from mtljax.training._evaluate import Results


class Evaluations(NamedTuple):
    """The functions and steps of evaluation.

    Attributes:
      validate: ``(params, state) -> [results]``, one per seed, on the validation split.
      test: The same on the test split.
      last: The steps of the evaluations that also run ``test``. It is empty if a program trains
        several seeds.
    """

    validate: Callable[[Any, Any], list[Results]]
    test: Callable[[Any, Any], list[Results]]
    last: Sequence[int]

    def test_last(self, step: int, now: TrainState, tests: dict[str, Results]) -> None:
        """Add the test results of one of the last evaluations."""
        if step in self.last:
            (tests[str(step)],) = self.test(now.params, now.state)

    def means(self, tests: Mapping[str, Results]) -> Results:
        """Return the means over the last evaluations.

        >>> tests = {'8': {'a': {'loss': 1.0}}, '10': {'a': {'loss': 2.0}}}
        >>> Evaluations(None, None, [8, 10]).means(tests)
        {'a': {'loss': 1.5}}
        """
        rows = [tests[str(step)] for step in self.last]
        return {
            task: {name: float(np.mean([row[task][name] for row in rows])) for name in found}
            for task, found in rows[0].items()
        }
