"""Signals, which stop a program after a checkpoint."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: start me again
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether a signal asked the program to stop. A second signal ends the program at once."""

    def __init__(self):
        self._asked = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT set the flag."""
        before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return whether a signal has come."""
        return self._asked

    def _ask(self, *_: Any) -> None:
        self._asked = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)


stop = Stop()
