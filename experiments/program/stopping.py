"""Signals: they stop a training after a checkpoint, and everything else at once."""

import contextlib
import gc
import signal
from collections.abc import Iterator
from types import FrameType

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: start me again
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LATER = 0.01  # seconds


class ProgramStopped(BaseException):
    """A signal stopped the program while it was not training."""

    def __str__(self) -> str:
        return 'The program was stopped.'


class Stop:
    """Whether a signal asked the program to stop. A second signal ends the program at once."""

    def __init__(self):
        self._asked = self._trains = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT."""
        before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Let a signal set the flag only, which a training asks for between its steps.

        Raises:
          ProgramStopped: A signal came before.
        """
        if self._asked:
            raise ProgramStopped
        self._trains = True
        try:
            yield
        finally:
            self._trains = False

    def __call__(self) -> bool:
        """Return whether a signal has come."""
        return self._asked

    def _ask(self, _: int, frame: FrameType | None) -> None:
        self._asked = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        if self._trains:
            return
        if _is_collecting(frame):
            signal.signal(signal.SIGALRM, self._ask)
            signal.setitimer(signal.ITIMER_REAL, _LATER)
            return
        raise ProgramStopped


def _is_collecting(frame: FrameType | None) -> bool:
    """Return whether the garbage is collected now: Python drops all errors of these callbacks."""
    codes = {getattr(callback, '__code__', None) for callback in gc.callbacks}
    while frame is not None and frame.f_code not in codes:
        frame = frame.f_back
    return frame is not None


stop = Stop()
