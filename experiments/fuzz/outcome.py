"""What reading a file led to, and whether that is a finding."""

import functools
import opcode
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from experiments.program import UsageError

Kind = Literal['read', 'refused', 'foreign', 'hang', 'memory', 'crash']
FINDINGS = ('foreign', 'hang', 'memory', 'crash')
LONGEST = 2_000  # characters of a message
_ROOT = Path(__file__).parents[2]
_OWN = Path(__file__).parent
_SHOWN = 300


class Outcome(NamedTuple):
    """What happened.

    Attributes:
      kind: Whether the file was read, was refused in the form of the project, or is a finding.
      error: The type of the exception, or what is wrong in a few words.
      place: The file and the function of the project that failed.
      line: The line.
      message: The start of the message.
    """

    kind: Kind
    error: str = ''
    place: str = ''
    line: int = 0
    message: str = ''

    @property
    def key(self) -> tuple[str, str, str]:
        """What findings that are the same have in common."""
        return self.kind, self.error, self.place


def judge(error: BaseException) -> Outcome:
    """Return the outcome of a read that raised an exception.

    A refusal is a ValueError, a FileNotFoundError, a UsageError or an exception of the project. The
    project itself raises it, and its message is short.
    """
    frames = list(_frames(error))
    place, line = _place(frames)
    message, name = str(error), type(error).__qualname__
    shown = ' '.join(message[:_SHOWN].split())
    if isinstance(error, MemoryError):
        return Outcome('memory', name, place, line, shown)
    if not _is_refusal(error, frames):
        return Outcome('foreign', f'{type(error).__module__}.{name}', place, line, shown)
    if len(message) >= LONGEST:
        return Outcome('foreign', f'{name} with a very long message', place, line, shown)
    return Outcome('refused', name, place, line, shown)


def place_in(trace: str) -> tuple[str, int]:
    """Return the innermost place of the project in a trace of `faulthandler`, and its line."""
    for entry in trace.splitlines():
        parts = entry.strip().split('"')
        if len(parts) == 3 and parts[0] == 'File ' and _is_project(parts[1]):
            line, _, function = parts[2].removeprefix(', line ').partition(' in ')
            return f'{Path(parts[1]).relative_to(_ROOT)}:{function}', int(line)
    return '', 0


def _frames(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _place(frames: list[TracebackType]) -> tuple[str, int]:
    inside = [each for each in frames if _is_project(each.tb_frame.f_code.co_filename)]
    if not (inside or frames):
        return '', 0
    last = (inside or frames)[-1]
    code = last.tb_frame.f_code
    path = Path(code.co_filename)
    shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path.name
    return f'{shown}:{code.co_name}', last.tb_lineno


@functools.cache
def _is_project(file: str) -> bool:
    path = Path(file)
    parts = path.relative_to(_ROOT).parts if path.is_relative_to(_ROOT) else ('',)
    return parts[0] in ('mtljax', 'experiments') and not path.is_relative_to(_OWN)


def _is_refusal(error: BaseException, frames: list[TracebackType]) -> bool:
    own = type(error).__module__.split('.')[0] in ('mtljax', 'experiments')
    fuzz = type(error).__module__.startswith('experiments.fuzz')
    known = type(error) in (ValueError, FileNotFoundError, UsageError) or (own and not fuzz)
    if not known or not frames:
        return False
    code = frames[-1].tb_frame.f_code
    raises = code.co_code[frames[-1].tb_lasti] == opcode.opmap['RAISE_VARARGS']
    return raises and _is_project(code.co_filename)


def drop_traceback(error: BaseException) -> None:
    """Let go of everything that the frames of an exception hold."""
    trace: TracebackType | None = error.__traceback__
    if trace is not None:
        traceback.clear_frames(trace)
    error.__traceback__ = None
