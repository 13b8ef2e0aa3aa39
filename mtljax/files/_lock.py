"""A lock for a folder, so that two runs never write to it at the same time."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtljax.files._write import write_text

NAME = '.lock'
_HELD = 'MTLJAX_LOCKED'  # an environment variable, so that child processes may use the folder too
_BEAT = 30.0  # seconds between two signs of life
_DEAD = 120.0  # seconds without a sign of life, for a process on another host


class LockedError(RuntimeError):
    """Another process holds the lock of a folder."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created if it is missing.

    The lock is a file that names the process that holds it. If this process does not exist any
    more, the lock is free. For a process on another host, the lock is free if the process has given
    no sign of life for 120 seconds. The process and its children may take the lock again.

    Args:
      folder: The folder.

    Raises:
      LockedError: Another process holds the lock. The message names it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     with locked(Path(name)):
    ...         sorted(path.name for path in Path(name).iterdir())
    ['.lock']
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = str(folder.resolve())
    if place in _held():
        yield
        return
    path = folder / NAME
    owner = _take(path)
    os.environ[_HELD] = json.dumps([*_held(), place])
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, ended), daemon=True)
    beat.start()
    try:
        yield
    finally:
        ended.set()
        beat.join()
        os.environ[_HELD] = json.dumps([each for each in _held() if each != place])
        if _read(path) == owner:
            path.unlink(missing_ok=True)


def _held() -> list[str]:
    """Return the folders whose locks this process or one of its parents holds."""
    try:
        return list(json.loads(os.environ.get(_HELD, '[]')))
    except ValueError:
        return []


def _take(path: Path) -> dict[str, Any]:
    owner = {
        'host': socket.gethostname(),
        'space': _space(),
        'process': os.getpid(),
        'started': _start_of(os.getpid()),
        'since': time.strftime('%Y-%m-%d %H:%M:%S'),
    }
    for _ in range(10):
        if _create(path, json.dumps(owner)):
            return owner
        _remove_if_free(path)
    raise LockedError(f'{path} could not be taken: other processes take it at the same time.')


def _create(path: Path, text: str) -> bool:
    """Create a file with its content in one step; return False if there is one already."""
    whole = path.with_name(f'{NAME}-new-{os.getpid()}')
    write_text(whole, text)
    try:
        os.link(whole, path)
        return True
    except FileExistsError:
        return False
    finally:
        whole.unlink(missing_ok=True)


def _remove_if_free(path: Path) -> None:
    """Remove the lock of a process that does not exist any more.

    Raises:
      LockedError: The process exists.
    """
    other = _read(path)
    if other is None and not _is_silent(path):
        raise LockedError(
            f'{path} should name the process that uses the folder. Found a damaged file, less than '
            f'{_DEAD:.0f} seconds old. Wait, or remove it if no process uses the folder.'
        )
    if other is not None and _lives(path, other):
        raise LockedError(
            f'{path.parent} should be used by one run at a time. Found process {other["process"]} '
            f'on {other["host"]}, since {other["since"]}. Wait until it ends, or choose another '
            'folder.'
        )
    aside = path.with_name(f'{NAME}-{os.getpid()}')
    try:
        path.rename(aside)
    except FileNotFoundError:
        return  # another process removed it
    if _read(aside) != other:  # another process took the lock in between: give it back
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    aside.unlink()


def _lives(path: Path, owner: dict[str, Any]) -> bool:
    if (owner['host'], owner.get('space', _space())) == (socket.gethostname(), _space()):
        return _start_of(owner['process']) == owner['started']
    return not _is_silent(path)


def _is_silent(path: Path) -> bool:
    """Return whether the owner of a lock has given no sign of life for a while."""
    try:
        return _now(path) - path.stat().st_mtime >= _DEAD
    except FileNotFoundError:
        return True


def _space() -> str | None:
    """Return what tells containers of one host apart: they number their processes differently."""
    try:
        return os.readlink('/proc/self/ns/pid')
    except OSError:
        return None


def _read(path: Path) -> dict[str, Any] | None:
    """Return who holds the lock; None if the file is missing or damaged."""
    try:
        owner = json.loads(path.read_bytes())
        return owner if {'host', 'process', 'started', 'since'} <= owner.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _start_of(process: int) -> str | None:
    """Return when a process was started, in a form of its own; None if it does not exist."""
    try:
        fields = Path(f'/proc/{process}/stat').read_text().rsplit(')', 1)[1].split()
        return None if fields[0] in 'ZX' else fields[19]  # a killed process that nobody waited for
    except FileNotFoundError:
        pass
    except OSError:
        return 'unknown'
    if Path('/proc/self/stat').exists():
        return None
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return 'unknown'


def _now(path: Path) -> float:
    """Return the time of the file system, whose clock may differ from that of this host."""
    probe = path.with_name(f'{NAME}-now-{os.getpid()}')
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _beat(path: Path, ended: threading.Event) -> None:
    while not ended.wait(_BEAT):
        with contextlib.suppress(OSError):
            os.utime(path)
