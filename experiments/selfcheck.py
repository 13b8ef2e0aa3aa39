"""Checks that are too long for the tests.

python -m experiments.selfcheck --suite=resume [--steps=8000] [--kills=5] [--seed=N]

resume: a training run is killed with -9 at random times, once while it writes a checkpoint, and
started again each time; its last state must be that of an uninterrupted run, bit by bit.
"""

import random

from absl import flags

from experiments import _program, _resume

_SUITE = flags.DEFINE_enum('suite', 'resume', ['resume'], 'What to check.')
_STEPS = flags.DEFINE_integer('steps', 8000, 'Training steps.', lower_bound=400)
_KILLS = flags.DEFINE_integer('kills', 5, 'How often to kill.', lower_bound=1)
_SEED = flags.DEFINE_integer('seed', None, 'Of the times; drawn, and printed, when left out.')


def main() -> None:
    """Run the program."""
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    _program.console.print(f'seed {seed}')
    try:
        _resume.check(_STEPS.value, _KILLS.value, random.Random(seed))
    except _resume.CheckError as error:
        raise SystemExit(f'FAILED: {error}') from error


if __name__ == '__main__':
    _program.run(main)
