"""Checks that take too long for the tests.

python -m experiments.selfcheck --suite=resume [--steps=800] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=compare [--steps=400] [--kills=5] [--seed=N]
python -m experiments.selfcheck --suite=faults [--steps=800] [--corruptions=50] [--seed=N]
python -m experiments.selfcheck --suite=sharing [--jobs=2] [--schemes=a,b] [--output=FILE.md]
python -m experiments.selfcheck --suite=export [--schemes=a,b]
python -m experiments.selfcheck --suite=advise --folder=FOLDER [--seeds=10] [--budget=3m] [--all]

resume: stops a training many times with SIGKILL, SIGTERM or SIGINT: between steps, while a
checkpoint is written or deleted, in the middle of a write to the log or the summary, and at random.
Each time, it starts the training again. The last state, the log and the summary must be those of a
training that was never stopped, bit by bit.

compare: stops a comparison in the same way. No finished run may be lost or trained twice, and the
table must be that of a comparison that was never stopped.

faults: damages files in the folder of a run or a comparison, trains on disks that are full or that
cannot be written, and starts two runs in one folder. A run must go on to the same result, or be
refused with one line that says what to do.

sharing: trains every sharing scheme on several backbones, with three methods and 1, 2 and 5 tasks.
The tasks have one input together, or one input each. These are about 700 short trainings in several
processes.

export: writes every backbone with hard sharing, and every sharing scheme on two backbones, to a
file, and compares the answers of the file with those of the model. With the extra `onnx`, it does
the same with a file of ONNX. It prints the largest difference, divided by the largest answer.

advise: asks for advice on generated tasks with known groups that conflict at a known stage. With
--all, it also trains all methods, and says how far the advice is from the best of them.
"""

import random
from pathlib import Path

from absl import flags

from experiments import program
from experiments.selfcheck import advise, compare, export, faults, resume, sharing
from experiments.selfcheck.errors import CheckError

_SUITE = flags.DEFINE_enum(
    'suite', 'resume', ['resume', 'compare', 'faults', 'sharing', 'export', 'advise'], 'The suite.'
)
_STEPS = flags.DEFINE_integer(
    'steps',
    None,
    'The number of training steps. The default is 800 (resume, faults) or 400 (compare).',
    lower_bound=400,
)
_KILLS = flags.DEFINE_integer('kills', 5, 'The number of stops (resume, compare).', lower_bound=1)
_CORRUPTIONS = flags.DEFINE_integer(
    'corruptions', 50, 'The number of damaged files (faults).', lower_bound=0
)
_FULL = flags.DEFINE_integer('full', 10, 'The number of full disks (faults).', lower_bound=0)
_SEED = flags.DEFINE_integer(
    'seed',
    None,
    'The seed of all choices (resume, compare, faults). The default is random, and is printed.',
)
_JOBS = flags.DEFINE_integer('jobs', 2, 'The number of processes (sharing).', lower_bound=1)
_SCHEMES = flags.DEFINE_list(
    'schemes', None, 'The schemes (sharing, export) or backbones (export). The default is all.'
)
_OUTPUT = flags.DEFINE_string('output', None, 'A Markdown file to write the table to (sharing).')
_FOLDER = flags.DEFINE_string('folder', None, 'The folder of the trainings (advise).')
_SEEDS = flags.DEFINE_integer('seeds', 10, 'The number of problems (advise).', lower_bound=1)
_BUDGET = flags.DEFINE_string('budget', '3m', 'The budget of each advice (advise).')
_ALL = flags.DEFINE_bool('all', False, 'Also train all methods (advise).')


def main() -> None:
    """Run the program."""
    suites = {
        'resume': _check_resume,
        'compare': _check_compare,
        'faults': _check_faults,
        'sharing': _check_sharing,
        'export': _check_export,
        'advise': _check_advise,
    }
    try:
        suites[_SUITE.value]()
    except CheckError as error:
        raise SystemExit(f'FAILED: {error}') from error


def _check_resume() -> None:
    resume.check(_STEPS.value or 800, _KILLS.value, _random())


def _check_compare() -> None:
    compare.check(_STEPS.value or 400, _KILLS.value, _random())


def _check_faults() -> None:
    faults.check(_STEPS.value or 800, _CORRUPTIONS.value, _FULL.value, _random())


def _random() -> random.Random:
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    program.console.print(f'seed {seed}')
    return random.Random(seed)


def _check_sharing() -> None:
    sharing.check(_SCHEMES.value, _JOBS.value, _OUTPUT.value)


def _check_export() -> None:
    export.check(_SCHEMES.value)


def _check_advise() -> None:
    if not _FOLDER.value:
        raise program.UsageError('--folder should be a folder for the trainings. Found none.')
    folder, seeds = Path(_FOLDER.value), range(_SEEDS.value)
    advise.check(seeds, _BUDGET.value, folder)
    if _ALL.value:
        advise.compare(seeds, folder)


if __name__ == '__main__':
    program.run(main)
