"""The programs that the checks start, and what they may say."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.selfcheck.errors import CheckError

STOPPED = 75
RANDOM = 'random'  # the place of a moment that a clock chooses
ACTS = ('KILL', 'KILL', 'TERM', 'INT')  # half of them are kills
_LONGEST = 600.0
_ADVICE = ('Choose', 'Remove', 'remove', 'Pass', 'Use ', 'Make room', 'Wait', 'choose', 'Move it')


class Moment(NamedTuple):
    """A moment at which something happens to a program; see `experiments.selfcheck.moments`."""

    place: str
    count: int | Path
    act: str


class Ended(NamedTuple):
    """A program that has ended.

    Attributes:
      code: Its exit code.
      said: What it printed as errors and warnings.
    """

    code: int
    said: str


def start(program: str, flags: Sequence[str], moment: Moment | None = None) -> subprocess.Popen:
    """Start a program."""
    command = [sys.executable, '-m']
    if moment is not None:
        command += ['experiments.selfcheck.moments', *map(str, moment)]
    return subprocess.Popen(
        [*command, f'experiments.{program}', *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONUNBUFFERED': '1'},
    )


def end(process: subprocess.Popen) -> Ended:
    """Wait until a program ends.

    Raises:
      CheckError: It does not end, or it prints a traceback.
    """
    try:
        _, said = process.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise CheckError(f'A program did not end in {_LONGEST:.0f} s.') from error
    if 'Traceback' in said or 'Exception ignored' in said:
        raise CheckError(f'A program printed a traceback: {said[-3000:]}')
    return Ended(process.returncode, said)


def run(program: str, flags: Sequence[str], moment: Moment | None = None) -> Ended:
    """Start a program, and wait until it ends."""
    return end(start(program, flags, moment))


def stop(
    program: str, flags: Sequence[str], moment: Moment, ready: Callable[[subprocess.Popen], None]
) -> bool:
    """Run a program until a moment comes, and return whether it came.

    Args:
      program: The name of the program.
      flags: Its flags.
      moment: The moment. At the place ``RANDOM``, the signal comes when ``ready`` returns.
      ready: A function that waits until the signal should come, or the program ends.

    Raises:
      CheckError: The program ended in another way than the signal asks for.
    """
    if moment.place == RANDOM:
        process = start(program, flags)
        ready(process)
        process.send_signal(signal.Signals[f'SIG{moment.act}'])
        ended = end(process)
    else:
        ended = run(program, flags, moment)
    stopped = -signal.SIGKILL if moment.act == 'KILL' else STOPPED
    if ended.code not in (0, stopped):
        raise CheckError(f'{moment}: the code was {ended.code}: {ended.said[-3000:]}')
    if ended.code == STOPPED and ended.said.count('Start the same command again') != 1:
        raise CheckError(f'{moment}: the program did not say how to continue: {ended.said}')
    return ended.code == stopped


def finish(program: str, flags: Sequence[str]) -> Ended:
    """Run a program that must succeed.

    Raises:
      CheckError: It fails.
    """
    ended = run(program, flags)
    if ended.code:
        raise CheckError(f'A program ended with code {ended.code}: {ended.said[-3000:]}')
    return ended


def check_refusal(ended: Ended) -> str:
    """Return the only line of a program that refused to start. It must say what to do.

    Raises:
      CheckError: The program did something else.
    """
    lines = [line for line in ended.said.splitlines() if line.startswith('Error: ')]
    if ended.code != 2 or len(lines) != 1 or not any(word in lines[0] for word in _ADVICE):
        raise CheckError(
            f'A program should end with code 2 and one line that says what to do. Found code '
            f'{ended.code}: {ended.said[-3000:]}'
        )
    return lines[0]


def files_of(folder: Path) -> list[Path]:
    """Return all files in a folder, in the order of their paths."""
    return sorted(path for path in folder.rglob('*') if path.is_file())


def holder_of(folder: Path) -> int | None:
    """Return the process that holds the lock of a folder, or held it when it was killed."""
    try:
        return json.loads((folder / '.lock').read_text())['process']
    except FileNotFoundError:
        return None
