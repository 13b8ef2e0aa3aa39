"""Which files of a run are as they were written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from mtljax.files import local_folder, without_checksum
from mtljax.training._checkpoint_files import (
    DamagedError,
    is_whole,
    read_checks,
    read_progress,
    steps_in,
)
from mtljax.training._file_sums import damaged_files, has_sums
from mtljax.training._log_rows import split_rows, sum_of_rows


class Verdict(NamedTuple):
    """What is known about a file of a run.

    Attributes:
      path: The path of the file.
      state: ``'whole'``, ``'damaged'``, or ``'unchecked'`` if nothing is known about its content.
      reason: What is wrong, or why the file is unchecked; empty for a whole file.
    """

    path: Path
    state: Literal['whole', 'damaged', 'unchecked']
    reason: str = ''


def verify(workdir: str | Path) -> list[Verdict]:
    """Check every file in the folder of a run. Nothing is changed.

    Files of checkpoints are compared with their checksums. JSON files are read. All other files,
    such as figures, are unchecked.

    Args:
      workdir: The folder of the run.

    Returns:
      One verdict per file, in the order of the paths.

    Raises:
      ValueError: The folder does not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / 'summary.json').write_text('{"test": ')
    ...     [(verdict.path.name, verdict.state) for verdict in verify(folder)]
    [('summary.json', 'damaged')]
    """
    folder = local_folder(workdir)
    if not folder.is_dir():
        raise ValueError(f'{folder} should be the folder of a run. Found no folder.')
    return sorted(_verdicts(folder), key=lambda verdict: verdict.path)


def _verdicts(folder: Path) -> Iterator[Verdict]:
    for path in folder.iterdir():
        if path.is_dir():
            inside = path.name == 'checkpoints'
            yield from _checkpoints(path) if inside else _verdicts(path)
        elif path.suffix == '.json':
            yield _json(path)
        elif path.name == 'metrics.jsonl':
            yield _log(path)
        elif path.suffix == '.jsonl':
            yield _lines(path)
        else:
            yield Verdict(path, 'unchecked', 'it has no checksum')


def _json(path: Path) -> Verdict:
    try:
        content = json.loads(path.read_bytes())
        if path.name != 'config.json':  # its fields are the user's
            without_checksum(content)
    except (OSError, ValueError, RecursionError) as error:
        return Verdict(path, 'damaged', str(error))
    return Verdict(path, 'whole')


def _lines(path: Path) -> Verdict:
    """Check a file with a line of JSON per entry, such as ``starts.jsonl``."""
    try:
        for line in path.read_bytes().splitlines():
            json.loads(line)
    except (OSError, ValueError, RecursionError) as error:
        return Verdict(path, 'damaged', f'a line cannot be read: {error}')
    return Verdict(path, 'whole')


def _log(path: Path) -> Verdict:
    rows, damaged = split_rows(path)
    if damaged:
        return Verdict(path, 'damaged', f'{len(damaged)} lines cannot be read')
    checkpoints = path.parent / 'checkpoints'
    steps = steps_in(checkpoints) if checkpoints.is_dir() else []
    expected = read_progress(checkpoints / str(steps[0])).get('log') if steps else None
    if expected is None:
        return Verdict(path, 'unchecked', 'no checkpoint has its checksum')
    if sum_of_rows(row for row in rows if row['step'] <= steps[0]) != expected:
        return Verdict(path, 'damaged', f'a row up to step {steps[0]} is changed or missing')
    return Verdict(path, 'whole')


def _checkpoints(folder: Path) -> Iterator[Verdict]:
    for path in folder.iterdir():
        if not path.name.isdigit():
            files = [path] if path.is_file() else list(path.rglob('*'))
            reason = 'it does not belong to a checkpoint'
            yield from (Verdict(each, 'unchecked', reason) for each in files if each.is_file())
        elif not is_whole(path):
            yield Verdict(path, 'damaged', 'the checkpoint has not all its parts')
        else:
            yield from _checkpoint(path)


def _checkpoint(path: Path) -> Iterator[Verdict]:
    checked, bad = has_sums(path), set(damaged_files(path))
    files = {each.relative_to(path).as_posix() for each in path.rglob('*') if each.is_file()}
    for name in files | bad:
        if name in bad:
            yield Verdict(path / name, 'damaged', 'its checksum does not fit')
        elif checked:
            yield Verdict(path / name, 'whole')
        else:
            yield Verdict(path / name, 'unchecked', 'the checkpoint has no checksums of its files')
    try:
        read_checks(path)
    except DamagedError as error:
        if not bad:
            yield Verdict(path, 'damaged', str(error))
