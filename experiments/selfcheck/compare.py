"""Check a comparison that is killed and started again: no finished run is lost or repeated."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.program import console
from experiments.selfcheck.errors import CheckError

_SCHEMES, _METHODS, _SEEDS = ('hard', 'mmoe', 'cross_stitch'), ('sum', 'pcgrad', 'cagrad'), 3
_RUNS = _SEEDS * (2 + len(_SCHEMES) * len(_METHODS))
_POLL = 0.05
_LONGEST = 20.0


def check(steps: int, kills: int, rng: random.Random) -> None:
    """Compare three schemes and three methods on digits, and kill the comparison several times.

    Args:
      steps: The number of steps of each training.
      kills: The number of kills.
      rng: The generator of the random times.

    Raises:
      CheckError: A finished run is missing or was written again, or the comparison fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / 'runs'
        finished: dict[str, tuple[int, bytes]] = {}
        for index in range(kills):
            process = _start(folder, steps)
            _wait(process, runs, rng.uniform(0, _LONGEST))
            process.kill()
            process.communicate()
            finished = _finished(runs, finished)
            console.print(f'kill {index + 1}: {len(finished)} of {_RUNS} runs were finished')
        process = _start(folder, steps)
        _, errors = process.communicate()
        if process.returncode:
            raise CheckError(
                f'The comparison ended with code {process.returncode}: {errors[-2000:]}'
            )
        finished = _finished(runs, finished)
        if len(finished) != _RUNS:
            raise CheckError(f'There should be {_RUNS} runs. Found {len(finished)}.')
        console.print(f'all {_RUNS} runs are finished, and no run was written twice')


def _start(folder: str, steps: int) -> subprocess.Popen:
    flags = {
        'sharing': ','.join(_SCHEMES),
        'surgery': ','.join(_METHODS),
        'seeds': _SEEDS,
        'config.train.steps': steps,
        'config.backbone.widths': '32,',
        'workdir': folder,
    }
    command = [sys.executable, '-m', 'experiments.compare', '--config=configs/digits.py']
    command += [f'--{name}={value}' for name, value in flags.items()]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _wait(process: subprocess.Popen, runs: Path, seconds: float) -> None:
    """Wait until one more run is finished, and then for some seconds."""
    before = len(list(runs.glob('*.json')))
    while process.poll() is None and len(list(runs.glob('*.json'))) == before:
        time.sleep(_POLL)
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(_POLL)
    if process.poll() is not None:
        raise CheckError('The comparison ended before it was killed. Use more --steps.')


def _finished(runs: Path, before: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """Return the files of all finished runs. Files that were there before must not have changed."""
    now = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in runs.glob('*.json')}
    changed = [name for name, file in before.items() if now.get(name) != file]
    if changed:
        raise CheckError(f'Runs were lost or repeated: {changed}')
    return now
