"""Killed and started again, a comparison neither loses nor repeats a finished run."""

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
    """Compare three schemes and three methods on digits, killed ``kills`` times on the way.

    Args:
      steps: of each training.
      kills: how often.
      rng: draws the times.

    Raises:
      CheckError: a finished run is gone, or was written again, or the comparison fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / 'runs'
        kept: dict[str, tuple[int, bytes]] = {}
        for index in range(kills):
            process = _start(folder, steps)
            _wait(process, runs, rng.uniform(0, _LONGEST))
            process.kill()
            process.communicate()
            kept = _seen(runs, kept)
            console.print(f'kill {index + 1}: {len(kept)} of {_RUNS} runs were there')
        process = _start(folder, steps)
        _, errors = process.communicate()
        if process.returncode:
            raise CheckError(f'it ended with code {process.returncode}: {errors[-2000:]}')
        found = _seen(runs, kept)
        if len(found) != _RUNS:
            raise CheckError(f'{_RUNS} runs are expected. Found {len(found)}.')
        console.print(f'all {_RUNS} runs are there, none written twice')


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
    """Until one more run is there, and then some time."""
    before = len(list(runs.glob('*.json')))
    while process.poll() is None and len(list(runs.glob('*.json'))) == before:
        time.sleep(_POLL)
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(_POLL)
    if process.poll() is not None:
        raise CheckError('the comparison ended before it was killed: take more --steps')


def _seen(runs: Path, kept: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """What is there; what was there before must be the same file."""
    found = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in runs.glob('*.json')}
    changed = [name for name, before in kept.items() if found.get(name) != before]
    if changed:
        raise CheckError(f'runs were lost or repeated: {changed}')
    return found
