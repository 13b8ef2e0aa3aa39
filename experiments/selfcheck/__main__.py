"""Checks that are too long for the tests.

python -m experiments.selfcheck --suite=resume [--steps=8000] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=compare [--steps=2000] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=sharing [--jobs=2] [--schemes=a,b] [--output=FILE.md]

resume: a training run is killed with -9 at random times, once while it writes a checkpoint, and
started again each time; its last state must be that of an uninterrupted run, bit by bit.

compare: a comparison is killed at random times and started again; no finished run may be lost or
trained twice.

sharing: every sharing scheme learns on several backbones, with three methods, 1, 2 and 5 tasks, and
one input for all tasks or one per task: some 700 short trainings in processes of their own.
"""

import random

from absl import flags

from experiments import program
from experiments.selfcheck import compare, resume, sharing
from experiments.selfcheck.errors import CheckError

_SUITE = flags.DEFINE_enum('suite', 'resume', ['resume', 'compare', 'sharing'], 'What to check.')
_STEPS = flags.DEFINE_integer(
    'steps', None, 'Training steps: 8000 (resume), 2000 (compare).', lower_bound=400
)
_KILLS = flags.DEFINE_integer('kills', 5, 'How often to kill (resume, compare).', lower_bound=1)
_SEED = flags.DEFINE_integer(
    'seed', None, 'Of the times (resume, compare); drawn, and printed, when left out.'
)
_JOBS = flags.DEFINE_integer('jobs', 2, 'Processes (sharing).', lower_bound=1)
_SCHEMES = flags.DEFINE_list('schemes', None, 'Schemes (sharing); all when left out.')
_OUTPUT = flags.DEFINE_string('output', None, 'A Markdown file to write the table to (sharing).')


def main() -> None:
    """Run the program."""
    suites = {'resume': _check_resume, 'compare': _check_compare, 'sharing': _check_sharing}
    try:
        suites[_SUITE.value]()
    except CheckError as error:
        raise SystemExit(f'FAILED: {error}') from error


def _check_resume() -> None:
    resume.check(_STEPS.value or 8000, _KILLS.value, _drawn())


def _check_compare() -> None:
    compare.check(_STEPS.value or 2000, _KILLS.value, _drawn())


def _drawn() -> random.Random:
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    program.console.print(f'seed {seed}')
    return random.Random(seed)


def _check_sharing() -> None:
    sharing.check(_SCHEMES.value, _JOBS.value, _OUTPUT.value)


if __name__ == '__main__':
    program.run(main)
