"""Checks that take too long for the tests.

python -m experiments.selfcheck --suite=resume [--steps=8000] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=compare [--steps=2000] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=sharing [--jobs=2] [--schemes=a,b] [--output=FILE.md]

resume: kills a training with -9 at random times, and starts it again each time. One of the kills
happens while a checkpoint is written. The last state must equal the last state of an uninterrupted
training, bit by bit.

compare: kills a comparison at random times and starts it again each time. No finished run may be
lost or trained twice.

sharing: trains every sharing scheme on several backbones, with three methods and 1, 2 and 5 tasks.
The tasks have one input together, or one input each. These are about 700 short trainings in several
processes.
"""

import random

from absl import flags

from experiments import program
from experiments.selfcheck import compare, resume, sharing
from experiments.selfcheck.errors import CheckError

_SUITE = flags.DEFINE_enum('suite', 'resume', ['resume', 'compare', 'sharing'], 'The suite to run.')
_STEPS = flags.DEFINE_integer(
    'steps',
    None,
    'The number of training steps. The default is 8000 (resume) or 2000 (compare).',
    lower_bound=400,
)
_KILLS = flags.DEFINE_integer('kills', 5, 'The number of kills (resume, compare).', lower_bound=1)
_SEED = flags.DEFINE_integer(
    'seed',
    None,
    'The seed of the random times (resume, compare). The default is random, and is printed.',
)
_JOBS = flags.DEFINE_integer('jobs', 2, 'The number of processes (sharing).', lower_bound=1)
_SCHEMES = flags.DEFINE_list('schemes', None, 'The schemes (sharing). The default is all.')
_OUTPUT = flags.DEFINE_string('output', None, 'A Markdown file to write the table to (sharing).')


def main() -> None:
    """Run the program."""
    suites = {'resume': _check_resume, 'compare': _check_compare, 'sharing': _check_sharing}
    try:
        suites[_SUITE.value]()
    except CheckError as error:
        raise SystemExit(f'FAILED: {error}') from error


def _check_resume() -> None:
    resume.check(_STEPS.value or 8000, _KILLS.value, _random())


def _check_compare() -> None:
    compare.check(_STEPS.value or 2000, _KILLS.value, _random())


def _random() -> random.Random:
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    program.console.print(f'seed {seed}')
    return random.Random(seed)


def _check_sharing() -> None:
    sharing.check(_SCHEMES.value, _JOBS.value, _OUTPUT.value)


if __name__ == '__main__':
    program.run(main)
