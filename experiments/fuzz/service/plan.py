"""What a client sends, and what it expects."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

STATUSES = (200, 400, 404, 405, 413, 415, 422, 503)


class Plan(NamedTuple):
    """A request.

    Attributes:
      parts: The bytes, which are sent one part after the other.
      pause: The seconds between two parts.
      statuses: What the service may answer, besides 503, which says that it is busy.
      check: A function that raises a ValueError if the body of an answer 200 is wrong.
      wait: The longest wait for an answer, in seconds.
      needed: Whether there should be an answer.
      answers: The number of answers, if the parts are several requests.
    """

    parts: Sequence[bytes]
    pause: float = 0
    statuses: Sequence[int] = STATUSES
    check: Callable[[bytes], None] | None = None
    wait: float = 60
    needed: bool = True
    answers: int = 1


def request(
    path: str, body: bytes = b'', *headers: str, method: str = 'POST', length: int | None = None
) -> bytes:
    """Return the bytes of a request."""
    lines = [
        f'{method} {path} HTTP/1.1',
        'Host: 127.0.0.1',
        f'Content-Length: {len(body) if length is None else length}',
        *headers,
    ]
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def predict(body: bytes, kind: str = 'application/json', *headers: str) -> bytes:
    """Return a request for predictions."""
    return request('/predict', body, f'Content-Type: {kind}', *headers)
