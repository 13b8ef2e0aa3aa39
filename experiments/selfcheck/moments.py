"""Run a program, and stop it at a chosen moment.

python -m experiments.selfcheck.moments PLACE COUNT ACT PROGRAM [FLAGS]
python -m experiments.selfcheck.moments count FILE - PROGRAM [FLAGS]

The second form writes to FILE how often each place is reached. In the first form, PLACE is one of
these, and ACT happens at the COUNT-th time. ACT is KILL, TERM or INT (a signal), or FULL (an error
of a full disk).

- step: the log is opened, which happens between two chunks of steps.
- save, deletion: Python opens, moves or deletes a file of a checkpoint that is being written or
  deleted.
- move: a new file replaces an old one.
- log, events, summary, sums, run: half of a file is written. These are the log, the events of
  TensorBoard, the summary and the config, the checksums of a checkpoint, and the runs of a
  comparison.
"""

import atexit
import collections
import errno
import io
import json
import os
import re
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from mtljax.files import write_text

_EVENTS = {
    'step': r'/metrics\.jsonl$',
    'save': r'\.orbax-checkpoint-tmp',
    'deletion': r'/checkpoints/deleted\b',
    'move': r'\.partial$',
}
_WRITES = {
    'log': r'/metrics\.jsonl$',
    'events': r'/events\.out\.[^/]*$',
    'summary': r'/\.(summary|config|run|results)\.json\.\d+\.partial$',
    'sums': r'/\.sums\.json\.\d+\.partial$',
    'run': r'/runs/\.[^/]*\.partial$',
}
PLACES = (*_EVENTS, *_WRITES)
_HEARD = {  # the events of Python that are moments of a place; None means all
    'step': {'open'},
    'save': None,
    'deletion': None,
    'move': {'os.rename'},
}
_original = io.open


class Moments:
    """Counts how often each place is reached, and acts at the chosen time.

    Args:
      place: The place to act at, or ``'count'``.
      count: When to act: 1 is the first time.
      act: The name of the act.
    """

    def __init__(self, place: str, count: int, act: str):
        self._place, self._count, self._act = place, count, act
        self._lock = threading.RLock()
        self.counts: collections.Counter[str] = collections.Counter()

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take an event of Python."""
        if not (event == 'open' or event.startswith(('os.', 'shutil.'))):
            return
        path = _path_of(args)
        for place, pattern in _EVENTS.items():
            if _HEARD[place] and event not in (_HEARD[place] or ()):
                continue
            if re.search(pattern, path) and self._is_now(place):
                self._do()

    def opened(self, file: Any, mode: str = 'r', *args: Any, **keywords: Any) -> Any:
        """Open a file. The chosen file is one that breaks in the middle of a write."""
        stream = _original(file, mode, *args, **keywords)
        if 'r' not in mode:
            path = os.path.abspath(os.fspath(file)) if not isinstance(file, int) else ''
            for place, pattern in _WRITES.items():
                if re.search(pattern, path) and self._is_now(place):
                    return _Breaking(stream, self._do)
        return stream

    def _is_now(self, place: str) -> bool:
        with self._lock:
            self.counts[place] += 1
            return place == self._place and self.counts[place] == self._count

    def _do(self) -> None:
        if self._act == 'FULL':
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.kill(os.getpid(), signal.Signals[f'SIG{self._act}'])


class _Breaking:
    """A file whose first write is interrupted in the middle."""

    def __init__(self, stream: Any, do: Any):
        self._stream, self._do = stream, do

    def write(self, content: Any) -> int:
        half = len(content) // 2
        self._stream.write(content[:half])
        self._stream.flush()
        self._do()
        return half + self._stream.write(content[half:])

    def __enter__(self):
        return self

    def __exit__(self, *_: Any):
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _path_of(args: tuple[Any, ...]) -> str:
    """Return the path of an event. Names that are relative to an open folder get its path."""
    if not args or not isinstance(args[0], str | bytes | os.PathLike):
        return ''
    path, folder = os.fsdecode(args[0]), args[-1]
    if not os.path.isabs(path) and isinstance(folder, int) and folder > 0:
        try:
            return f'{os.readlink(f"/proc/self/fd/{folder}")}/{path}'
        except OSError:
            return path
    return os.path.abspath(path)


def main() -> None:
    """Run the program of the command line."""
    place, count, act, program, *rest = sys.argv[1:]
    moments = Moments(place, 0 if place == 'count' else int(count), act)
    if place == 'count':
        atexit.register(lambda: write_text(Path(count), json.dumps(moments.counts)))
    sys.addaudithook(moments.hear)
    io.open = moments.opened
    sys.argv = [program, *rest]
    runpy.run_module(program, run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    main()
