"""When what happens in a run."""

from collections.abc import Iterator
from typing import NamedTuple

from mtljax.options import check_count


class Schedule(NamedTuple):
    """When what happens, in steps; patience in evaluations."""

    steps: int
    log_every: int
    eval_every: int
    patience: int | None

    def evaluates(self, step: int) -> bool:
        """Whether an evaluation comes behind ``step``."""
        return step % self.eval_every == 0 or step == self.steps

    def last(self, count: int | None) -> list[int]:
        """When the last ``count`` evaluations are; none when left out.

        Raises:
          ValueError: there are fewer, or it is not known which are the last.

        >>> schedule_of(10, 1, 4, None).last(2)
        [8, 10]
        """
        if count is None:
            return []
        check_count('average_last', count, 1)
        if self.patience is not None:
            raise ValueError('average_last needs a known end: leave patience out.')
        steps = [*range(self.eval_every, self.steps, self.eval_every), self.steps]
        if count > len(steps):
            raise ValueError(
                f'average_last should be at most the {len(steps)} evaluations. '
                f'Found average_last = {count}.'
            )
        return steps[-count:]


def chunks_of(first: int, steps: int, length: int) -> Iterator[tuple[int, int]]:
    """Pairs (start, stop) that end at multiples of ``length`` and at ``steps``.

    >>> list(chunks_of(3, 9, 4))
    [(3, 4), (4, 8), (8, 9)]
    """
    while first < steps:
        stop = min(first - first % length + length, steps)
        yield first, stop
        first = stop


def schedule_of(
    steps: int, log_every: int, eval_every: int | None, patience: int | None
) -> Schedule:
    """A schedule whose evaluations come ten times, unless it is said how often.

    Raises:
      ValueError: a number below 1, or evaluations inside a chunk.

    >>> schedule_of(1000, 50, None, None).eval_every
    100
    """
    if eval_every is None:
        eval_every = max(steps // 10 // log_every, 1) * log_every
    schedule = Schedule(steps, log_every, eval_every, patience)
    for name, value in schedule._asdict().items():
        if value is not None and value < 1:
            raise ValueError(f'{name} should be at least 1. Found {name} = {value}.')
    if eval_every % log_every:
        raise ValueError(
            'eval_every should be a multiple of log_every. '
            f'Found eval_every = {eval_every}, log_every = {log_every}.'
        )
    return schedule
