"""Whether an advise finds the groups and the conflict of tasks where both are known."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.advise.planted import GROUPS, STAGES, stage_of
from experiments.compare.methods import BASELINE
from experiments.program import UsageError
from experiments.selfcheck.errors import CheckError
from experiments.show import show
from mtljax.analysis import Table, student_interval

_MISSES = 1 / 10  # of the seeds


class _Seen(NamedTuple):
    """What an advise said about one seed."""

    seed: int
    planted: int
    found: int
    groups: bool
    cosines: np.ndarray  # of the two groups at each stage
    choice: str


def check(seeds: Sequence[int], budget: str, folder: Path) -> None:
    """Advise on the tasks of each seed, and compare with what was planted.

    Args:
      seeds: The seeds of the tasks.
      budget: The budget of each advise, such as ``'3m'``.
      folder: The folder of the advises; those that are there are used again.

    Raises:
      CheckError: The groups or the stage are wrong for more than one seed of ten, the cosine at the
        planted stage is not negative, or the cosines behind it are.
    """
    seen = [_seen(seed, _advise(seed, budget, folder / str(seed))) for seed in seeds]
    show(_table(seen), 'Planted conflicts')
    behind = [each.cosines[each.planted + 1 :].mean() for each in seen]
    mean, half = student_interval(behind)
    print(f'Mean cosine behind the planted stage: {mean:+.3f} ± {half:.3f} (95 % interval)')
    wrong = {
        'groups': sum(not each.groups for each in seen) > _MISSES * len(seen),
        'stage': sum(abs(each.found - each.planted) > 1 for each in seen) > _MISSES * len(seen),
        'sign': any(each.cosines[each.planted] >= 0 for each in seen),
        'cosines behind the stage': mean + half < 0,
    }
    if any(wrong.values()):
        raise CheckError(f'wrong: {", ".join(name for name, is_so in wrong.items() if is_so)}')


def compare(seeds: Sequence[int], folder: Path) -> None:
    """Train all methods on the tasks of each seed, and say how far the advice is from the best.

    Args:
      seeds: The seeds of the tasks. `check` has advised on each.
      folder: The folder of the advises and the comparisons.

    Raises:
      CheckError: For more than one seed of ten, the best method is better beyond noise.
    """
    rows, wrong = [], 0
    for seed in seeds:
        method = _advise(seed, '', folder / str(seed))['choice']['method']
        row = 'grouped' if method.startswith('grouped') else method
        path = folder / f'{seed},all' / 'results.json'
        _run('compare', path, f'--config=configs/planted.py:{seed},all')
        scores = _scores(json.loads(path.read_bytes())['runs'])
        best = min(scores, key=lambda name: np.mean([*scores[name].values()]))
        behind = [scores[row][each] - scores[best][each] for each in scores[best]]
        mean, half = student_interval(behind)
        wrong += mean - half > 0
        rows.append([str(seed), method, best, f'{mean:+.2f} ± {half:.2f}'])
    show(Table(['seed', 'advice', 'best of all', 'behind the best %'], rows), 'All methods')
    if wrong > _MISSES * len(seeds):
        raise CheckError(f'the best method is better beyond noise for {wrong} seeds')


def _scores(runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    """Return the mean change of the tasks on the test split, ``{method: {seed: percent}}``."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for run in runs:
        seeds = found.setdefault(run['method'], {})
        row = {task: metrics['rmse'] for task, metrics in run['test'].items()}
        seeds[run['seed']] = seeds.get(run['seed'], {}) | row
    alone = found[BASELINE]
    reference = {
        task: np.mean([row[task] for row in alone.values()]) for task in next(iter(alone.values()))
    }
    return {
        method: {
            seed: 100 * float(np.mean([row[task] / reference[task] - 1 for task in reference]))
            for seed, row in seeds.items()
        }
        for method, seeds in found.items()
    }


def _advise(seed: int, budget: str, folder: Path) -> Mapping[str, Any]:
    path = folder / 'advice.json'
    _run('advise', path, f'--config=configs/planted.py:{seed}', f'--budget={budget}')
    return json.loads(path.read_bytes())['found']


def _run(program: str, path: Path, *flags: str) -> None:
    """Start a program that writes a file, unless the file is there."""
    if path.exists():
        return
    command = [sys.executable, '-m', f'experiments.{program}', *flags, f'--workdir={path.parent}']
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not path.exists():
        raise UsageError(f'{shlex.join(command)} failed: {done.stdout}{done.stderr}')


def _seen(seed: int, found: Mapping[str, Any]) -> _Seen:
    conflicts = found['conflicts']
    tasks = [task for group in GROUPS.values() for task in group]
    first, second = ([tasks.index(task) for task in GROUPS[name]] for name in ('a', 'b'))
    cosines = np.array(conflicts['cosines'])[:, first][:, :, second].mean(axis=(1, 2))
    groups = sorted(map(sorted, conflicts['groups'])) == sorted(map(sorted, GROUPS.values()))
    method = found['choice']['method']
    return _Seen(seed, stage_of(seed), conflicts['at'], groups, cosines, method)


def _table(seen: Sequence[_Seen]) -> Table:
    columns = ['seed', 'planted', 'found', 'groups', *(f'stage {at}' for at in range(STAGES))]
    rows = [
        [
            str(each.seed),
            str(each.planted),
            str(each.found),
            'right' if each.groups else 'wrong',
            *(f'{cosine:+.2f}' for cosine in each.cosines),
            each.choice,
        ]
        for each in seen
    ]
    return Table([*columns, 'choice'], rows)
