"""What a service accepts."""

from typing import NamedTuple

from mtljax.options import check_count, check_positive, check_sizes
from mtljax.serving._batches import SIZES


class Limits(NamedTuple):
    """The limits of a service.

    Attributes:
      body: The largest body of a request, in bytes.
      rows: The largest number of rows of a request.
      queue: The largest number of rows of all requests together. More are refused at once.
      seconds: The longest time in which a body arrives, and the longest time until its answer.
      wait: The longest time, in seconds, that a row waits for rows of other requests.
      sizes: The sizes of a batch. Each is compiled before the first request.
      connections: The largest number of connections.
      drain: The time, in seconds, in which a service that was stopped still accepts requests.
    """

    body: int = 16 << 20
    rows: int = 10_000
    queue: int = 20_000
    seconds: float = 30.0
    wait: float = 0.002
    sizes: tuple[int, ...] = SIZES
    connections: int = 1000
    drain: float = 1.0

    def check(self) -> 'Limits':
        """Return the limits.

        Raises:
          ValueError: A limit is out of range.

        >>> Limits(rows=0).check()
        Traceback (most recent call last):
        ValueError: rows should be a whole number >= 1. Found rows = 0.
        """
        for name in ('body', 'rows', 'queue', 'connections'):
            check_count(name, getattr(self, name), 1)
        for name in ('seconds', 'wait', 'drain'):
            check_positive(name, getattr(self, name))
        check_sizes('sizes', self.sizes)
        if self.queue < self.rows:
            raise ValueError(
                f'queue should be at least rows, {self.rows}, or the largest request is always '
                f'refused. Found queue = {self.queue}.'
            )
        return self
