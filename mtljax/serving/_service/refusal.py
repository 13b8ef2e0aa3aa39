"""Requests that are refused."""

from typing import Any


class RefusedError(Exception):
    """A request that cannot be answered.

    Attributes:
      status: The status code of HTTP.
      content: The body of the answer, as JSON types.

    >>> RefusedError(413, 'The body should be smaller.').content
    {'error': 'The body should be smaller.'}
    """

    def __init__(self, status: int, reason: str, **more: Any):
        super().__init__(reason)
        self.status = status
        self.content = {'error': reason, **more}
