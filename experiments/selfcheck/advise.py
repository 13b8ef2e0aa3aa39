"""Whether an advise finds the groups and the conflict of tasks where both are known."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.advise.planted import GROUPS, STAGES, stage_of
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


def _advise(seed: int, budget: str, folder: Path) -> Mapping[str, Any]:
    path = folder / 'advice.json'
    if not path.exists():
        config = f'--config=configs/planted.py:{seed}'
        command = [sys.executable, '-m', 'experiments.advise', config]
        done = subprocess.run(
            [*command, f'--budget={budget}', f'--workdir={folder}'], capture_output=True, text=True
        )
        if done.returncode or not path.exists():
            raise UsageError(f'The advise of seed {seed} failed: {done.stdout}{done.stderr}')
    return json.loads(path.read_bytes())['found']


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
