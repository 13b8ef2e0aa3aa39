"""Read damaged and hostile files with every reader of the project.

python -m experiments.fuzz [--formats=csv,arff] [--seconds=60] [--seed=N] [--folder=DIR]
python -m experiments.fuzz [--formats=csv,arff] --files=N [--seed=N] [--folder=DIR]

For each format, the program makes files: valid ones, files that were made to do harm, and damaged
ones. The readers of the project read them, in a process of their own. Each file should be read, or
be refused by an error of the project with a short message. Everything else is a finding:

- foreign: another exception or a warning, or a value that is not in the file;
- hang: the reader needs more than five seconds;
- memory: the reader needs more memory than it may have, which is 1 GiB;
- crash: the process ends.

The program prints the counts of each format, and a line for each finding. It writes the smallest
files of each finding into DIR; the default is runs/fuzz. The exit code is 1 if there is a finding.
The same seed gives the same files, in the same order.
"""

import random
import sys
from pathlib import Path

from absl import flags

from experiments import program
from experiments.fuzz import watch
from experiments.fuzz.harnesses import HARNESSES
from experiments.fuzz.watch import Budget
from experiments.program import UsageError

_FORMATS = flags.DEFINE_list('formats', None, 'The formats. The default is all.')
_SECONDS = flags.DEFINE_float('seconds', 60, 'The time for each format.', lower_bound=0)
_FILES = flags.DEFINE_integer(
    'files', None, 'The number of files of each format, in place of the time.', lower_bound=1
)
_LONGEST = flags.DEFINE_float('longest', 5, 'The seconds for one file.', lower_bound=0.1)
_SEED = flags.DEFINE_integer('seed', None, 'The seed. The default is random, and is printed.')
_FOLDER = flags.DEFINE_string('folder', None, 'The folder of the findings.')


def main() -> None:
    """Run the program."""
    names = _FORMATS.value or list(HARNESSES)
    unknown = [name for name in names if name not in HARNESSES]
    if unknown:
        raise UsageError(f'--formats should name some of {", ".join(HARNESSES)}. Found {unknown}.')
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    folder = program.folder_of(_FOLDER.value, 'fuzz')
    print(f'seed {seed}', flush=True)
    watch.preload()
    budget = Budget(_FILES.value, None if _FILES.value else _SECONDS.value, _LONGEST.value)
    found = [_fuzz_one(name, seed, budget, folder) for name in names]
    if any(found):
        print(f'The files of the findings are in {folder}.')
        sys.exit(1)


def _fuzz_one(name: str, seed: int, budget: Budget, folder: Path) -> bool:
    harness = HARNESSES[name]
    tally = watch.fuzz(harness, harness.make(), seed, budget)
    print('\n'.join([tally.line(), *tally.details()]), flush=True)
    return bool(tally.write(folder))


if __name__ == '__main__':
    program.run(main)
