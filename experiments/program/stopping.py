"""Signals: they stop a training after a checkpoint, and everything else at once."""

import contextlib
import signal
import sys
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
        with self._not_dropped():
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    @contextlib.contextmanager
    def _not_dropped(self) -> Iterator[None]:
        """Raise ProgramStopped again where Python drops errors, as in a collection of garbage."""
        before = sys.unraisablehook

        def hook(dropped) -> None:
            if dropped.exc_type is not ProgramStopped:
                before(dropped)
                return
            signal.signal(signal.SIGALRM, self._ask)
            signal.setitimer(signal.ITIMER_REAL, _LATER)

        sys.unraisablehook = hook
        try:
            yield
        finally:
            sys.unraisablehook = before

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

    def _ask(self, _: int, __: FrameType | None) -> None:
        self._asked = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        if not self._trains:
            raise ProgramStopped


stop = Stop()
