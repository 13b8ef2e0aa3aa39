"""Damaged files in the folders of runs and comparisons, and what a program makes of them."""

import collections
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.program import console
from experiments.selfcheck import children, compare, damage, digits
from experiments.selfcheck.errors import CheckError
from mtljax.training import read_rows

SHORT = 100  # the steps of the trainings of a comparison


class _Case(NamedTuple):
    """A folder to damage, and the program that continues it.

    Attributes:
      source: The name of the folder.
      program: The name of the program.
      flags: The flags for a copy of the folder.
      judge: Raises a CheckError unless the copy holds the right result. It also gets what the
        program said.
    """

    source: str
    program: str
    flags: Callable[[Path], Sequence[str]]
    judge: Callable[[Path, str], None]


def check(folder: Path, steps: int, count: int, rng: random.Random) -> None:
    """Damage one file of a copy of a folder, start its program, and do so many times.

    Args:
      folder: A folder with the runs ``whole`` and ``stopped``, and the comparisons ``compared``
        and ``part``.
      steps: The number of training steps of the runs.
      count: The number of damaged files.
      rng: The generator of the damage.

    Raises:
      CheckError: A result is wrong, or a message is.
    """
    tally: collections.Counter[str] = collections.Counter()
    cases = _cases(folder, steps)
    for index in range(count):
        case = cases[index % len(cases)]
        run = shutil.copytree(folder / case.source, folder / 'copy')
        kind, paths = rng.choice(sorted(damage.kinds_of(run).items()))
        path = rng.choice(paths)
        what = f'{case.source}: {path.relative_to(run)}: {damage.apply(path, rng)}'
        try:
            outcome = _outcome(case, run)
        except CheckError as error:
            outcome = f'FAILED: {error}'
        console.print(f'{what}: {outcome}', markup=False)
        tally[f'{kind}: {outcome.split(":")[0]}'] += 1
        shutil.rmtree(run)
    for kind, number in sorted(tally.items()):
        console.print(f'{kind}: {number}')
    failed = sum(number for kind, number in tally.items() if kind.endswith('FAILED'))
    if failed:
        raise CheckError(f'{failed} of {count} damaged files: see the lines with FAILED above.')


def _cases(folder: Path, steps: int) -> list[_Case]:
    def run(source: str) -> _Case:
        return _Case(source, 'train', lambda copy: digits.flags_of(copy, steps), judge_run)

    def judge_run(copy: Path, said: str) -> None:
        digits.check_same_result(folder / 'whole', copy)
        rows = [read_rows(each / 'metrics.jsonl') for each in (folder / 'whole', copy)]
        if str(rows[0]) != str(rows[1]) and 'metrics' not in said:
            raise CheckError('The log differs, and no message says so.')

    def judge_comparison(copy: Path, said: str) -> None:
        if compare.results_of(folder / 'compared') != compare.results_of(copy):
            raise CheckError(f'The results of the comparison differ. It said: {said}')

    part = _Case('part', 'compare', lambda copy: compare.flags_of(copy, SHORT), judge_comparison)
    return [run('stopped'), part, run('stopped'), run('whole')]


def _outcome(case: _Case, run: Path) -> str:
    """Start a program twice; return whether it went on or was refused."""
    flags = case.flags(run)
    first = children.run(case.program, flags)
    if first.code == 0:
        case.judge(run, first.said)
        children.finish(case.program, flags)
        case.judge(run, first.said)
        return 'went on'
    line = children.check_refusal(first)
    if children.check_refusal(children.run(case.program, flags)) != line:
        raise CheckError(f'The second start said something else than {line}')
    return f'refused: {line}'
