"""Checks that are too long for the tests.

python -m experiments.selfcheck --suite=resume [--steps=8000] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=sharing [--jobs=2] [--schemes=a,b] [--output=FILE.md]

resume: a training run is killed with -9 at random times, once while it writes a checkpoint, and
started again each time; its last state must be that of an uninterrupted run, bit by bit.

sharing: every sharing scheme learns on several backbones, with three methods, 1, 2 and 5 tasks, and
one input for all tasks or one per task: some 700 short trainings in processes of their own.
"""

import random

from absl import flags

from experiments import _program, _resume, _sharing_check

_SUITE = flags.DEFINE_enum('suite', 'resume', ['resume', 'sharing'], 'What to check.')
_STEPS = flags.DEFINE_integer('steps', 8000, 'Training steps (resume).', lower_bound=400)
_KILLS = flags.DEFINE_integer('kills', 5, 'How often to kill (resume).', lower_bound=1)
_SEED = flags.DEFINE_integer(
    'seed', None, 'Of the times (resume); drawn, and printed, when left out.'
)
_JOBS = flags.DEFINE_integer('jobs', 2, 'Processes (sharing).', lower_bound=1)
_SCHEMES = flags.DEFINE_list('schemes', None, 'Schemes (sharing); all when left out.')
_OUTPUT = flags.DEFINE_string('output', None, 'A Markdown file to write the table to (sharing).')


def main() -> None:
    """Run the program."""
    suites = {'resume': _check_resume, 'sharing': _check_sharing}
    try:
        suites[_SUITE.value]()
    except _resume.CheckError as error:
        raise SystemExit(f'FAILED: {error}') from error


def _check_resume() -> None:
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    _program.console.print(f'seed {seed}')
    _resume.check(_STEPS.value, _KILLS.value, random.Random(seed))


def _check_sharing() -> None:
    _sharing_check.check(_SCHEMES.value, _JOBS.value, _OUTPUT.value)


if __name__ == '__main__':
    _program.run(main)
