"""The steps at which a run logs and evaluates."""

from collections.abc import Iterator
from typing import NamedTuple

from mtljax.options import check_count


class Schedule(NamedTuple):
    """How often a run logs and evaluates, in steps; ``patience`` counts evaluations."""

    steps: int
    log_every: int
    eval_every: int
    patience: int | None

    def evaluates(self, step: int) -> bool:
        """Return whether an evaluation follows ``step``."""
        return step % self.eval_every == 0 or step == self.steps

    def last(self, count: int | None) -> list[int]:
        """Return the steps of the last ``count`` evaluations; an empty list when ``count`` is None.

        Raises:
          ValueError: There are fewer evaluations, or early stopping may move the end.

        >>> schedule_of(10, 1, 4, None).last(2)
        [8, 10]
        """
        if count is None:
            return []
        check_count('average_last', count, 1)
        if self.patience is not None:
            raise ValueError(
                'patience should be None with average_last, which needs a known last step. '
                f'Found patience = {self.patience}. Leave one of them out.'
            )
        steps = [*range(self.eval_every, self.steps, self.eval_every), self.steps]
        if count > len(steps):
            raise ValueError(
                f'average_last should be at most the {len(steps)} evaluations. '
                f'Found average_last = {count}.'
            )
        return steps[-count:]


def chunks_of(first: int, steps: int, length: int) -> Iterator[tuple[int, int]]:
    """Return pairs (start, stop) that end at multiples of ``length`` and at ``steps``.

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
    """Return a schedule; it has ten evaluations when ``eval_every`` is None.

    Raises:
      ValueError: A number is below 1, or an evaluation would fall inside a chunk.

    >>> schedule_of(1000, 50, None, None).eval_every
    100
    """
    counts = {'steps': steps, 'log_every': log_every}
    counts |= {} if eval_every is None else {'eval_every': eval_every}
    counts |= {} if patience is None else {'patience': patience}
    for name, value in counts.items():
        check_count(name, value, 1)
    if eval_every is None:
        eval_every = max(steps // 10 // log_every, 1) * log_every
    schedule = Schedule(steps, log_every, eval_every, patience)
    if eval_every % log_every:
        raise ValueError(
            'eval_every should be a multiple of log_every. '
            f'Found eval_every = {eval_every}, log_every = {log_every}.'
        )
    return schedule
