"""The process that reads damaged files. It may hang or crash, and another one takes its place."""

import faulthandler
import gc
import os
import resource
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from experiments.fuzz.cases import case_of
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError
from experiments.fuzz.outcome import Outcome, drop_traceback, judge
from mtljax.files import append_bytes

TRACE, READY, DONE = 'trace', 'ready', 'done'
_FORBIDDEN = ('os.system', 'os.exec', 'os.posix_spawn', 'os.spawn', 'subprocess.Popen')
_FORBIDDEN_ALWAYS = ('socket.connect', 'os.chmod', 'os.chown', 'ctypes.dlopen')
_UNIT = 1024  # of ru_maxrss on Linux


class Task(NamedTuple):
    """What a process does.

    Attributes:
      folder: An empty folder.
      seed: The seed of the files.
      first: The number of the first file.
      last: The number after that of the last file.
      seconds: The longest time for a file.
    """

    folder: Path
    seed: int
    first: int
    last: int
    seconds: float


def read_files(connection: Connection, harness: Harness, material: Material, task: Task) -> None:
    """Read files one after the other, and send an `Outcome` for each.

    The process ends after the last file, or earlier if it has grown. It sends `READY` before the
    first outcome, and `DONE` at the end.

    Args:
      connection: Where the outcomes go.
      harness: The format.
      material: The files of the harness.
      task: Which files are read.
    """
    folder = task.folder / 'files'
    _start_watching(task)
    for name, content in ({**material.seeds, **material.beside} if harness.whole else {}).items():
        _write(folder / name, content)
    reader = _Reader(harness, folder)
    first = next(iter(material.seeds))
    reader.read(Case(first, first, material.seeds[first]))  # imports what it needs
    reader.limit()
    connection.send(READY)
    for index in range(task.first, task.last):
        case = case_of(harness, material, task.seed, index)
        faulthandler.dump_traceback_later(task.seconds, exit=True, file=reader.trace)
        outcome = reader.read(case)
        faulthandler.cancel_dump_traceback_later()
        connection.send(outcome)
        _remove(folder / case.name)
        if harness.whole:
            _write(folder / case.source, material.seeds[case.source])
        if reader.has_grown():
            break
    connection.send(DONE)


class _Reader:
    """Reads files under limits."""

    def __init__(self, harness: Harness, folder: Path):
        self._harness, self._folder = harness, folder
        self._peak, self._late = 0, []
        self.trace = os.open(folder.parent / TRACE, os.O_CREAT | os.O_WRONLY)
        faulthandler.enable(self.trace)
        warnings.simplefilter('error')
        warnings.simplefilter('ignore', DeprecationWarning)
        sys.unraisablehook = lambda found: self._late.append(found.exc_value)
        sys.addaudithook(_watch(harness.starts))

    def limit(self) -> None:
        """Limit the memory from now on, and remember how much there is now.

        The process gets twice the memory that a reader may use, so that it can also be seen when
        the reader itself takes care of a MemoryError.
        """
        gc.collect()
        pages = int(Path('/proc/self/statm').read_text().split()[0])
        most = pages * resource.getpagesize() + 2 * self._harness.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        self._peak = _peak()

    def has_grown(self) -> bool:
        """Return whether this process has taken half of the memory that it may take."""
        return _peak() - self._peak > self._harness.memory // 2

    def read(self, case: Case) -> Outcome:
        """Write a file, read it, and judge what happens."""
        _remove(self._folder / case.source)
        self._late.clear()
        try:
            _write(self._folder / case.name, case.content)
        except OSError as error:  # not every name is a name of a file
            return Outcome('refused', type(error).__name__)
        outcome = _judged(self._harness.read, self._folder, case.name)
        if self._peak and _peak() - self._peak > self._harness.memory:
            how = 'refused' if outcome.kind == 'refused' else 'read'
            return outcome._replace(kind='memory', error=f'more than allowed, {how}')
        if case.valid and outcome.kind == 'refused':
            return outcome._replace(kind='foreign', error='a valid file is refused')
        if self._late:
            return judge(self._late[0])
        return outcome


def _judged(read: Callable[..., Any], folder: Path, name: str) -> Outcome:
    try:
        read(folder, name)
    except BaseException as error:
        outcome = judge(error)
        drop_traceback(error)
        return outcome
    return Outcome('read')


def _watch(starts: bool) -> Callable[[str, tuple[Any, ...]], None]:
    """Return a hook that forbids what no reader needs."""
    forbidden = _FORBIDDEN_ALWAYS + (() if starts else _FORBIDDEN)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in forbidden:
            raise WrongValueError(f'The reader asked for {event} {str(args)[:100]}.')

    return hook


def _start_watching(task: Task) -> None:
    """Make this process the head of a group, without output, without core dumps."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    sys.stdout = os.fdopen(nowhere, 'w', encoding='utf-8')  # as strict as a terminal
    (task.folder / 'files').mkdir()


def _peak() -> int:
    """Return the largest memory of this process, or of one that it has started, in bytes."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in who) * _UNIT


def _write(path: Path, content: bytes) -> None:
    """Write a file. Nobody needs it after a crash, so this is fast."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    append_bytes(path, content)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
