"""What the user asks for."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import mtljax
from experiments.build import OF_CONFIGS
from experiments.predict.write import ENDINGS
from experiments.program import UsageError, refuse_comparison
from mtljax._extra import check_extra
from mtljax._near import did_you_mean
from mtljax.build import Run


class Request(NamedTuple):
    """The flags of the program.

    Attributes:
      workdir: The folder of the run.
      source: The file of the examples.
      target: The file of the answers.
      tasks: The tasks that answer. An empty tuple means all tasks.
      keep: The columns that are copied.
      delimiter: The character between fields; None means that of the run.
      encoding: The encoding of a file of text; None means that of the run.
      batch_size: The rows of a batch.
    """

    workdir: str | None
    source: str | None
    target: str | None
    tasks: tuple[str, ...]
    keep: tuple[str, ...]
    delimiter: str | None
    encoding: str | None
    batch_size: int


def open_run(request: Request, trust: Sequence[str]) -> Run:
    """Read the run, after a check of the request.

    Raises:
      UsageError: A flag is missing or does not fit, or there is no such run.
    """
    if not request.workdir or not request.source or not request.target:
        raise UsageError(
            '--workdir=RUN, --input=FILE and --output=FILE are expected: see --help. Found '
            f'--workdir={request.workdir}, --input={request.source}, --output={request.target}.'
        )
    source, target = Path(request.source), Path(request.target)
    if not source.is_file():
        raise UsageError(f'--input should be a file. Found no file {source}.')
    if target.suffix not in ENDINGS:
        raise UsageError(f'--output should end with {" or ".join(ENDINGS)}. Found {target}.')
    if target.suffix == '.parquet':
        check_extra('tables', 'pyarrow')
    if target.exists() and target.samefile(source):
        raise UsageError(f'--output should be another file than --input. Found {target} twice.')
    if not target.parent.is_dir():
        raise UsageError(f'--output should lie in a folder that exists. Found {target}.')
    refuse_comparison(Path(request.workdir), '--workdir', 'predict')
    try:
        run = mtljax.load(request.workdir, known=OF_CONFIGS, trust=trust)
    except ValueError as error:
        raise UsageError(str(error)) from error
    unknown = [task for task in request.tasks if task not in run.model.tasks]
    if unknown:
        raise UsageError(
            f'--tasks should name tasks of {[*run.model.tasks]}. Found {unknown}.'
            f'{did_you_mean(unknown, run.model.tasks)}'
        )
    return run
