"""Check runs in damaged folders, on full disks, on disks that cannot be written, and in pairs."""

import random
import shutil
import tempfile
import time
from pathlib import Path

from experiments.program import console
from experiments.selfcheck import children, compare, corruptions, digits, disks
from experiments.selfcheck.children import Moment
from experiments.selfcheck.errors import CheckError

_STOP = 20  # the log is opened this often before the training stops
_POLL = 0.01


def check(steps: int, count: int, full: int, rng: random.Random) -> None:
    """Damage folders, fill disks and start two runs in one folder.

    Args:
      steps: The number of training steps; there is a checkpoint every 40 steps.
      count: The number of damaged files.
      full: The number of sizes of a disk on which a run does not fit.
      rng: The generator of the damage.

    Raises:
      CheckError: A result is wrong, a program prints a traceback, a message does not say what to
        do, or a program fails when it is started a second time.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, steps)
        corruptions.check(folder, steps, count, rng)
        disks.check_full(folder, steps, full)
        disks.check_read_only(folder, steps)
        _check_two_runs(folder, steps)


def _prepare(folder: Path, steps: int) -> None:
    """Make a whole run, one that was stopped, and a comparison that lacks a run."""
    children.finish('train', digits.flags_of(folder / 'whole', steps))
    flags = digits.flags_of(folder / 'stopped', steps)
    if children.run('train', flags, Moment('step', _STOP, 'TERM')).code != children.STOPPED:
        raise CheckError('The training did not stop. Use more --steps.')
    children.finish('compare', compare.flags_of(folder / 'compared', corruptions.SHORT))
    shutil.copytree(folder / 'compared', folder / 'part')
    min((folder / 'part' / 'runs').glob('*.json')).unlink()


def _check_two_runs(folder: Path, steps: int) -> None:
    run = folder / 'two'
    flags = digits.flags_of(run, steps)
    first = children.start('train', flags)
    while first.poll() is None and children.holder_of(run) != first.pid:
        time.sleep(_POLL)
    line = children.check_refusal(children.run('train', flags))
    if f'process {first.pid} ' not in line:
        raise CheckError(f'The second run should name process {first.pid}. Found: {line}')
    ended = children.end(first)
    if ended.code:
        raise CheckError(f'The first of two runs ended with code {ended.code}: {ended.said}')
    digits.check_same(folder / 'whole', run)
    console.print(f'two runs in one folder: {line}', markup=False)
