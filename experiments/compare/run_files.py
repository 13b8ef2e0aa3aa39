"""The files of the runs of a comparison."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments import program
from experiments.compare.methods import Cell
from experiments.compare.run import Run
from mtljax.base import Task
from mtljax.build import former_names
from mtljax.files import remove_partial_files, with_checksum, without_checksum, write_text

_TOGETHER = '.together.json'
_log = logging.getLogger(__name__)


class RunFiles:
    """A folder with one file per run.

    Args:
      folder: The folder, which `recover` and `write` create.
    """

    def __init__(self, folder: Path):
        self._folder, self._unchecked = folder, False

    def path(self, cell: Cell, seed: int, mark: str) -> Path:
        """Return the file of a run, whose name depends on the config, the data and the seed.

        Args:
          cell: The method and its config.
          seed: The seed.
          mark: A digest of the data.
        """
        config = former_names(json.loads(cell.config.to_json()))
        for field in program.NOT_ASKED:
            config.pop(field, None)
        depends_on = json.dumps([config, mark, cell.task, seed], sort_keys=True)
        digest = hashlib.sha256(depends_on.encode()).hexdigest()[:16]
        found = self._folder.glob(f'*-{digest}.json')
        there = next((path for path in found if not path.name.startswith('.')), None)  # whole
        words = [cell.method, cell.task or '', cell.variant]
        name = re.sub(r'[^\w.]+', '-', ' '.join(filter(None, words)))[:80]
        return there or self._folder / f'{name}-seed-{seed}-{digest}.json'

    def read(self, path: Path, cell: Cell, seed: int, tasks: Mapping[str, Task]) -> Run:
        """Read a run.

        Raises:
          UsageError: The file does not hold the run of this method and seed.
        """
        try:
            content = json.loads(path.read_bytes())
            fields = without_checksum(content)
        except (OSError, ValueError, RecursionError) as error:
            raise _not_the_run(path, f'an error: {error}') from error
        if fields.keys() != set(Run._fields):
            raise _not_the_run(path, 'other fields.')
        if not self._unchecked and len(content) == len(fields):
            self._unchecked = True
            _log.warning('%s was written without checksums of its runs: not checked.', path.parent)
        run = Run(**fields)
        other = _difference(run, cell, seed, tasks)
        if other is not None:
            raise _not_the_run(path, f'another {other}.')
        return run._replace(method=cell.method, variant=cell.variant)

    def write(self, runs: Mapping[Path, Run]) -> None:
        """Write the runs of one program: after a kill, all of them are there or none is."""
        self._folder.mkdir(parents=True, exist_ok=True)
        texts = {path.name: json.dumps(with_checksum(run._asdict())) for path, run in runs.items()}
        journal = self._folder / _TOGETHER
        if len(texts) > 1:
            write_text(journal, json.dumps(with_checksum(texts)))
        self._write(texts)
        journal.unlink(missing_ok=True)

    def drop_kept(self) -> None:
        """Remove the parameters of all runs."""
        for path in self._folder.glob('*-seed-*.npz'):
            path.unlink()

    def recover(self) -> None:
        """Make the folder, and finish the writing of runs that a kill interrupted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        remove_partial_files(self._folder)
        journal = self._folder / _TOGETHER
        if journal.exists():
            self._write(_texts_of(journal))
            journal.unlink()

    def _write(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            if not (self._folder / name).exists():
                write_text(self._folder / name, text)


def _texts_of(journal: Path) -> dict[str, str]:
    """Return the runs of a program, ``{file name: text}``; nothing if the file is damaged."""
    try:
        texts = without_checksum(json.loads(journal.read_bytes()), required=True)
    except (OSError, ValueError):
        return {}
    return {name: text for name, text in texts.items() if re.fullmatch(r'\w[\w.-]*\.json', name)}


def _not_the_run(path: Path, found: str) -> program.UsageError:
    return program.UsageError(
        f'{path} should hold the run that its name says, with every metric of the data set. Found '
        f'{found} Remove the file to train this run again.'
    )


def _difference(run: Run, cell: Cell, seed: int, tasks: Mapping[str, Task]) -> str | None:
    """Return the first field that cannot be that of the run."""
    right = {
        'seed': run.seed == seed,
        'task': run.task == cell.task,
        'validation': _fits(run.validation, tasks),
        'test': _fits(run.test, tasks),
        'history': isinstance(run.history, list),
    }
    return next((name for name, holds in right.items() if not holds), None)


def _fits(results: Any, tasks: Mapping[str, Task]) -> bool:
    """Return whether results have a number for every metric of every task."""
    try:
        numbers = [results[name][key] for name, task in tasks.items() for key in task.metrics]
    except (KeyError, TypeError):
        return False
    return all(isinstance(number, int | float) for number in numbers)
