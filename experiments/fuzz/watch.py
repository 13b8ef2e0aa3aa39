"""Read many files of a format, in processes that may die."""

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from experiments.fuzz import child
from experiments.fuzz.cases import case_of
from experiments.fuzz.child import Task
from experiments.fuzz.harness import Harness, Material
from experiments.fuzz.outcome import FINDINGS, Outcome, place_in
from experiments.fuzz.tally import Tally

_BATCH = 500
_START = 120.0  # seconds until a process is ready
_GRACE = 5.0  # seconds after which the process should have ended itself
_CONTEXT = multiprocessing.get_context('forkserver')


class Budget(NamedTuple):
    """How much is read.

    Attributes:
      files: The number of files, or None for no limit.
      seconds: The time for all files, or None for no limit.
      longest: The longest time for a file, in seconds.
    """

    files: int | None = None
    seconds: float | None = None
    longest: float = 5.0


def preload() -> None:
    """Let the processes share the imports. This has to come before the first process."""
    _CONTEXT.set_forkserver_preload(['experiments.fuzz.harnesses', 'experiments.fuzz.child'])


def fuzz(harness: Harness, material: Material, seed: int, budget: Budget) -> Tally:
    """Read the files of a harness until the budget is used up.

    A hang, a large memory or a crash only counts if it happens again in a new process.

    Args:
      harness: The format.
      material: The files of the harness.
      seed: The seed of the files.
      budget: How much is read.

    Returns:
      The counts and the findings.
    """
    tally = Tally(harness.name)
    end = None if budget.seconds is None else time.monotonic() + budget.seconds
    index = 0

    def is_over() -> bool:
        late = end is not None and time.monotonic() >= end
        return late or (budget.files is not None and index >= budget.files)

    while not is_over():
        last = min(index + _BATCH, budget.files or index + _BATCH)
        with closing(_outcomes(harness, material, seed, (index, last), budget.longest)) as batch:
            for outcome in batch:
                if outcome.kind in FINDINGS[1:] and not tally.knows(outcome):
                    outcome = _again(harness, material, seed, index, budget.longest)
                case = case_of(harness, material, seed, index) if outcome.kind in FINDINGS else None
                tally.add(index, outcome, case)
                index += 1
                if is_over():
                    break
    return tally


def _again(harness: Harness, material: Material, seed: int, index: int, longest: float) -> Outcome:
    with closing(_outcomes(harness, material, seed, (index, index + 1), longest)) as batch:
        return next(batch)


def _outcomes(
    harness: Harness, material: Material, seed: int, numbers: tuple[int, int], longest: float
) -> Generator[Outcome, None, None]:
    """Read some files in a new process; the last outcome may be its death."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        task = Task(Path(name), seed, *numbers, longest)
        receiver, sender = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=child.read_files, args=(sender, harness, material, task))
        process.start()
        sender.close()
        try:
            if not receiver.poll(_START) or _received(receiver) != child.READY:
                raise RuntimeError(f'{harness.name}: the process did not start. Run it again.')
            while receiver.poll(longest + _GRACE) and (found := _received(receiver)) is not None:
                if found == child.DONE:
                    return
                yield found
            yield _death(process, Path(name) / child.TRACE)
        finally:
            _kill(process)
            receiver.close()


def _received(receiver: Any) -> Any:
    """Return the next object; None if the process has ended."""
    with suppress(EOFError):
        return receiver.recv()
    return None


def _death(process: Any, trace: Path) -> Outcome:
    """Return why a process ended before it was done."""
    process.join(1.0)
    text = trace.read_text(errors='replace')
    place, line = place_in(text)
    if process.exitcode is None or text.startswith('Timeout'):
        return Outcome('hang', 'too slow', place, line)
    code = process.exitcode
    how = signal.Signals(-code).name if code < 0 else f'exit code {code}'
    return Outcome('crash', how, place, line, text[:100].replace('\n', ' '))


def _kill(process: Any) -> None:
    """End a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
