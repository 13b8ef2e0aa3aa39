"""Check a training that is killed and started again: it must end in the same state."""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp

from experiments.program import console
from experiments.selfcheck.errors import CheckError
from mtljax.training import read_rows

_POLL = 0.0005
_EVERY = 100
_DELAY = 0.2


def check(steps: int, kills: int, rng: random.Random) -> None:
    """Compare a training that is killed several times with an uninterrupted one.

    Args:
      steps: The number of training steps; there is a checkpoint every 100 steps.
      kills: The number of kills; one of them happens while a checkpoint is written.
      rng: The generator of the random times: a step, and a delay after it.

    Raises:
      CheckError: The last states differ, a training fails, or it ends before it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / 'whole', Path(folder) / 'broken'
        begin = time.perf_counter()
        _finish(_start(whole, steps))
        seconds = time.perf_counter() - begin
        console.print(f'uninterrupted: {seconds:.1f} s')
        at_write = rng.randrange(kills)
        for index, step in enumerate(sorted(rng.sample(range(steps - 3 * _EVERY), kills))):
            process = _start(broken, steps)
            _wait(process, lambda step=step: _logged(broken) >= step)
            time.sleep(rng.uniform(0, _DELAY))
            if index == at_write:
                _wait(process, lambda: _is_writing(broken))
            while_writing = _kill(process, broken)
            written = ', while a checkpoint was written' if while_writing else ''
            console.print(f'kill {index + 1}: step {_newest(broken)} was saved{written}')
        _finish(_start(broken, steps))
        _compare(whole, broken, steps)
        shutil.rmtree(folder, ignore_errors=True)


def _start(workdir: Path, steps: int) -> subprocess.Popen:
    options = [f'--config.train.steps={steps}', f'--config.train.eval_every={_EVERY}']
    command = [sys.executable, '-m', 'experiments.train', f'--workdir={workdir}', *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate()
    if process.returncode:
        raise CheckError(
            f'A training ended with code {process.returncode}: {errors.decode()[-2000:]}'
        )


def _wait(process: subprocess.Popen, happened: Callable[[], bool]) -> None:
    while process.poll() is None and not happened():
        time.sleep(_POLL)


def _kill(process: subprocess.Popen, workdir: Path) -> bool:
    """Kill the process, and return whether it was writing a checkpoint."""
    if process.poll() is not None:
        raise CheckError('The training ended before it was killed. Use more --steps.')
    process.kill()
    process.communicate()
    return _is_writing(workdir)


def _logged(workdir: Path) -> int:
    return max((row['step'] for row in read_rows(workdir / 'metrics.jsonl')), default=0)


def _is_writing(workdir: Path) -> bool:
    return any(workdir.glob('checkpoints/*.orbax-checkpoint-tmp'))


def _newest(workdir: Path) -> int:
    return max((int(p.name) for p in workdir.glob('checkpoints/*') if p.name.isdigit()), default=0)


def _compare(whole: Path, broken: Path, steps: int) -> None:
    states = [_restore(workdir, steps) for workdir in (whole, broken)]
    named = jax.tree_util.tree_leaves_with_path(states[0])
    paths = [jax.tree_util.keystr(path) for path, _ in named]
    leaves = [jax.tree.leaves(state) for state in states]
    different = [
        path
        for path, first, second in zip(paths, *leaves, strict=True)
        if np.asarray(first).tobytes() != np.asarray(second).tobytes()
    ]
    if different:
        raise CheckError(f'{len(different)} of {len(paths)} leaves differ: {different[:5]}')
    console.print(f'all {len(paths)} leaves of the last state are equal, bit by bit')


def _restore(workdir: Path, steps: int):
    folder = workdir.absolute() / 'checkpoints' / str(steps) / 'state'
    return ocp.StandardCheckpointer().restore(folder)
