"""Check every file in the folder of a run; change nothing.

python -m experiments.verify --workdir=RUN

The program prints one line per file: ``whole``, ``damaged`` or ``unchecked``, and the path. Files
of checkpoints are compared with their checksums. The exit code is 1 if a file is damaged, and 0 if
not. If a checkpoint is damaged, the next start of the run uses the one before.
"""

import sys
from pathlib import Path

from experiments import program
from experiments.program import UsageError
from mtljax import training

_WORKDIR = program.define_workdir()


def main() -> None:
    """Run the program."""
    if not _WORKDIR.value:
        raise UsageError('--workdir=RUN is expected: the folder of a run. Found no --workdir.')
    try:
        verdicts = training.verify(Path(_WORKDIR.value))
    except ValueError as error:
        raise UsageError(str(error)) from error
    for verdict in verdicts:
        reason = f' ({verdict.reason})' if verdict.reason else ''
        line = f'{verdict.state:9} {verdict.path}{reason}'
        print(line.encode(errors='backslashreplace').decode())  # a name may be no text
    if any(verdict.state == 'damaged' for verdict in verdicts):
        sys.exit(1)


if __name__ == '__main__':
    program.run(main)
