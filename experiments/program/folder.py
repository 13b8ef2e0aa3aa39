"""The work folder of a program, which belongs to one config and to one process at a time."""

import contextlib
import errno
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments.program.errors import UsageError
from experiments.program.output import finite, readable_json
from experiments.program.starts import record_start
from mtljax.build import former_names, with_former_defaults
from mtljax.files import LockedError, local_folder, locked, remove_partial_files, write_text

_LISTED = 5
_log = logging.getLogger(__name__)
# Fields that no single run depends on; the seed is part of its name.
NOT_ASKED = ('seed', 'published', 'methods', 'comparison', 'sweep')
holding = contextlib.ExitStack()  # locks of folders and handlers, until the program ends


def folder_of(workdir: str | None, default: str) -> Path:
    """Return the folder of the results.

    Args:
      workdir: The value of the flag ``--workdir``.
      default: The name of the folder in ``runs`` if the flag has no value.

    Raises:
      UsageError: The folder is the address of a remote storage.
    """
    try:
        return local_folder(workdir or Path('runs') / default)
    except ValueError as error:
        raise UsageError(str(error)) from error


def keep_options(workdir: Path, config: ConfigDict) -> None:
    """Let a run of an earlier version go on as it began.

    Options that the config in the folder lacks, because they are newer, get the values that it
    meant.

    Args:
      workdir: The folder of the run.
      config: The config, which is changed.
    """
    path = workdir / 'config.json'
    if path.exists() and _holds_results(workdir):
        with config.unlocked():
            _keep(_read_config(path), config)


def _keep(before: Any, config: ConfigDict) -> None:
    if not isinstance(before, Mapping):
        return
    for option, value in with_former_defaults({'fn': config.get('fn')}).items():
        newer = option != 'fn' and option not in before and config.get(option, value) != value
        if newer and before.get('fn') == config.fn:
            _log.warning('This run began with %s = %r, and keeps it.', option, value)
            config[option] = value
    for key, inner in config.items():
        if isinstance(inner, ConfigDict):
            _keep(before.get(key), inner)


def claim(workdir: Path, config: ConfigDict) -> None:
    """Make the work folder, or check that it belongs to this config. Lock it until the end.

    The start is recorded in ``starts.jsonl``.

    Raises:
      UsageError: The folder belongs to another config, or another process uses it.
    """
    path = workdir / 'config.json'
    wanted = json.loads(config.to_json(sort_keys=True))
    _check_numbers(wanted)
    try:
        holding.enter_context(locked(workdir))
        remove_partial_files(workdir)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UsageError(
            f'--workdir should be a folder that can be written. Found {workdir}: '
            f'{os.strerror(error.errno or 0)}. Choose another folder, or make this one writable.'
        ) from error
    except LockedError as error:
        raise UsageError(str(error)) from error
    if path.exists() and _holds_results(workdir):
        _check_same(workdir, _read_config(path), wanted)
    write_text(path, readable_json(wanted, indent=2) + '\n')
    record_start(workdir)


def _check_numbers(config: Mapping[str, Any]) -> None:
    """Refuse NaN: it does not equal itself, so the run could not be started again."""
    for field, value in _leaves(config).items():
        if 'NaN' in json.dumps(value).replace('"NaN"', ''):
            raise UsageError(f'config.{field} should not be NaN. Found {value!r}.')


def _read_config(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f'{path} should hold the config of the run. Found a damaged file: {error}. Remove it, '
            'if the run belongs to the config that you passed.'
        ) from error


def _check_same(workdir: Path, before: Any, now: Any) -> None:
    there, here = (_leaves(former_names(config)) for config in (before, now))
    fields = [
        field
        for field in sorted(there.keys() | here.keys())
        if there.get(field) not in (here.get(field), finite(here.get(field)))
    ]
    if fields:
        listed = [f'{f}: {there.get(f)!r} there, {here.get(f)!r} here' for f in fields[:_LISTED]]
        more = [f'and {len(fields) - _LISTED} more'] if len(fields) > _LISTED else []
        raise UsageError(
            f'{workdir} belongs to another config ({", ".join(listed + more)}). '
            'Choose another --workdir.'
        )


def claim_comparison(workdir: Path, config: ConfigDict) -> None:
    """Make the folder of a comparison, or check that it belongs to this config.

    The methods of the comparison may differ, because every run in the folder names what it depends
    on.

    Raises:
      UsageError: The folder belongs to another config.
    """
    whole = config.copy_and_resolve_references().to_dict()
    claim(
        workdir, ConfigDict({k: v for k, v in whole.items() if k == 'seed' or k not in NOT_ASKED})
    )


def _holds_results(workdir: Path) -> bool:
    """Return whether the folder holds results, which must not be mixed or lost."""
    files = [workdir / name for name in ('metrics.jsonl', 'summary.json', 'results.json')]
    written = any(file.exists() and file.stat().st_size for file in files)
    return written or any(
        any(workdir.glob(f'{name}/[0-9a-z]*')) for name in ('checkpoints', 'runs')
    )


def _leaves(tree: Any, path: str = '') -> dict[str, Any]:
    if not isinstance(tree, dict) or not tree:
        return {path.lstrip('.'): tree}
    leaves = {}
    for key, value in tree.items():
        leaves.update(_leaves(value, f'{path}.{key}'))
    return leaves
