"""Check a comparison that is stopped at many moments: its table must be the same in the end."""

import collections
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

import mtljax
from experiments.program import console
from experiments.selfcheck import children
from experiments.selfcheck.children import Moment
from experiments.selfcheck.errors import CheckError

_SCHEMES, _METHODS, _SEEDS = ('hard', 'cross_stitch'), ('sum', 'pcgrad'), 2
_RUNS = _SEEDS * (2 + len(_SCHEMES) * len(_METHODS))
_POLL = 0.02
_LONGEST = 10.0
_PLACES = ('run', 'run', 'move', children.RANDOM)
_TIMES = ('seconds', 'training s')


def check(steps: int, kills: int, rng: random.Random) -> None:
    """Compare two schemes and two methods on digits, and stop the comparison several times.

    Args:
      steps: The number of steps of each training.
      kills: The number of stops, by SIGKILL, SIGTERM or SIGINT.
      rng: The generator of the moments.

    Raises:
      CheckError: A finished run is missing or was written again, the comparison fails, or its
        results are not those of a comparison that was never stopped.
    """
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / 'whole'
        children.finish('compare', flags_of(whole, steps))
        tally: collections.Counter[str] = collections.Counter()
        finished = 0
        while tally.total() < kills:
            finished += 1
            broken = Path(name) / f'broken-{finished}'
            before: dict[str, tuple[int, bytes]] = {}
            while tally.total() < kills:
                moment = Moment(
                    rng.choice(_PLACES),
                    rng.randint(1, 6),
                    rng.choice(children.ACTS),
                )
                stopped = _stopped(broken, steps, moment, rng)
                before = _finished(broken / 'runs', before)
                if not stopped:
                    break
                tally[f'{moment.place} {moment.act}'] += 1
                console.print(f'stop {tally.total()}: {len(before)} of {_RUNS} runs are finished')
            children.finish('compare', flags_of(broken, steps))
            _check_same(whole, broken, before)
    for kind, count in sorted(tally.items()):
        console.print(f'{kind}: {count}')


def flags_of(workdir: Path, steps: int) -> list[str]:
    """Return the flags of a comparison on digits."""
    fields = {
        'sharing': ','.join(_SCHEMES),
        'surgery': ','.join(_METHODS),
        'seeds': _SEEDS,
        'config.train.steps': steps,
        'config.backbone.widths': '(32,)',
        'workdir': workdir,
    }
    return ['--config=configs/digits.py', *(f'--{name}={value}' for name, value in fields.items())]


def results_of(folder: Path) -> Any:
    """Return the results of a comparison without times."""
    return _without_times(json.loads((folder / 'results.json').read_text()))


def _stopped(workdir: Path, steps: int, moment: Moment, rng: random.Random) -> bool:
    """Compare until the moment comes, and return whether it came."""

    def ready(process: subprocess.Popen) -> None:
        while process.poll() is None and children.holder_of(workdir) != process.pid:
            time.sleep(_POLL)
        end = time.monotonic() + rng.uniform(0, _LONGEST)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(_POLL)

    return children.stop('compare', flags_of(workdir, steps), moment, ready)


def _finished(runs: Path, before: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """Return the files of all finished runs. Files that were there before must not have changed."""
    found = [path for path in runs.glob('*.json') if not path.name.startswith('.')]
    now = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}
    changed = [name for name, file in before.items() if now.get(name) != file]
    if changed:
        raise CheckError(f'Runs were lost or repeated: {changed}')
    return now


def _check_same(whole: Path, broken: Path, before: dict[str, tuple[int, bytes]]) -> None:
    count = len(_finished(broken / 'runs', before))
    if count != _RUNS:
        raise CheckError(f'There should be {_RUNS} runs. Found {count}.')
    left = [path for path in children.files_of(broken) if path.name.startswith('.')]
    if left:
        raise CheckError(f'Files were left behind: {left}')
    if results_of(whole) != results_of(broken):
        raise CheckError(f'The results in {whole} and {broken} differ.')
    if not _best_of(whole) or _best_of(whole) != _best_of(broken):
        raise CheckError(f'The parameters of the best rows in {whole} and {broken} differ.')
    console.print(
        f'all {_RUNS} runs are finished, none was written twice, and the table is the same'
    )


def _best_of(folder: Path) -> dict[str, list[bytes]]:
    """Return the parameters of the best row, by seed."""
    return {
        path.name: [
            np.asarray(x).tobytes() for x in jax.tree.leaves(mtljax.load(path).saved.params)
        ]
        for path in folder.glob('best/*')
    }


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_times(item) for k, item in value.items() if k not in _TIMES}
    return [_without_times(item) for item in value] if isinstance(value, list) else value
