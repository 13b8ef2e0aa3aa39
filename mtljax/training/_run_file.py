"""The file ``run.json`` of a run: the format of its folder, and the data that it trains on."""

import json
import logging
from pathlib import Path
from typing import Any

import jax

from mtljax.base import Dataset
from mtljax.files import with_checksum, without_checksum, write_text
from mtljax.training._fingerprint import differences, fingerprint
from mtljax.training._schema_file import schema_differences, write_schema

FORMAT = 1  # of the folder of a run; a newer version of mtljax may write a larger number
_log = logging.getLogger(__name__)


def claim_data(workdir: Path, dataset: Dataset) -> None:
    """Write ``run.json``, or check that a run in the folder trained on the same data.

    Args:
      workdir: The folder of the run.
      dataset: The data set.

    Raises:
      ValueError: A run in the folder trained on other data, or a newer version of mtljax wrote it.
    """
    path = workdir / 'run.json'
    workdir.mkdir(parents=True, exist_ok=True)
    trained = is_trained(workdir)
    there = read_run(path)
    here = fingerprint(dataset)
    if trained and there is None and path.exists():
        raise ValueError(
            f'{path} should hold the fingerprint of the data of the run. Found a damaged file. To '
            'continue without this check of the data, remove the file.'
        )
    if trained and there is not None:
        found = differences(there['data'], here)
        if found:
            found += schema_differences(workdir, dataset)
            raise ValueError(
                f'The data set should be that of the run in {workdir}. Found {"; ".join(found)}. '
                'Choose another workdir. To start there from the parameters of this run, pass '
                'init_from.'
            )
    elif trained:
        _log.warning('%s was written without a fingerprint of its data: not checked.', workdir)
    if jax.process_index() == 0:
        content = with_checksum({'format': FORMAT, 'data': here})
        write_text(path, json.dumps(content, indent=2) + '\n')
        write_schema(workdir, dataset)


def is_trained(workdir: Path) -> bool:
    """Return whether the folder of a run holds a checkpoint after step 0."""
    steps = [path.name for path in (workdir / 'checkpoints').glob('*') if path.name.isdigit()]
    return any(int(step) > 0 for step in steps)


def read_run(path: Path) -> dict[str, Any] | None:
    """Return the content of ``run.json``; None if there is no such file, or if it is damaged.

    Raises:
      ValueError: A newer version of mtljax wrote the file.
    """
    try:
        content = without_checksum(json.loads(path.read_bytes()))
        if content['format'] <= FORMAT and isinstance(content['data']['tasks'], list):
            return content
        number = content['format']
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        number = FORMAT
    if number > FORMAT:
        raise ValueError(
            f'The format of {path.parent} should be at most {FORMAT}. Found {number}. '
            'Use a newer version of mtljax.'
        )
    _log.warning('%s is damaged.', path)
    return None
