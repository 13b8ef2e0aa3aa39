"""Files of configs: how they are read, and what is wrong with them."""

import inspect
import linecache
import runpy
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments.program.errors import UsageError
from mtljax._near import near_names

_FOLDER = Path('configs')
_PARTS = 'common'  # of other configs; not a config itself


def load_config(name: str) -> ConfigDict:
    """Return the config of a file, as the file has it.

    Args:
      name: The path of the file. A variant may follow after a colon.

    Raises:
      UsageError: There is no such file, or it does not return a config. The message says where.
    """
    path, colon, variant = name.partition(':')
    if not Path(path).is_file():
        raise UsageError(
            f'--config should be the path of a config file. Found {path}, which is no file.'
            f'{_meant(path)}'
        )
    get_config = _run(path, lambda: runpy.run_path(path)).get('get_config')
    if not callable(get_config):
        raise UsageError(f'{path} should have a function get_config. Found none.')
    arguments = [variant] if colon else []
    try:
        inspect.signature(get_config).bind(*arguments)
    except TypeError as error:
        found = f'{path} has no variants. Found {variant!r}.' if colon else f'{path}: {error}.'
        raise UsageError(found) from error
    config = _run(path, lambda: get_config(*arguments))
    if not isinstance(config, ConfigDict):
        raise UsageError(
            f'{path}: get_config should return an ml_collections.ConfigDict. Found {config!r:.80}.'
        )
    return config


def config_files() -> list[Path]:
    """Return the files of the folder ``configs`` that hold a config."""
    return sorted(path for path in _FOLDER.glob('*.py') if path.stem != _PARTS)


def _meant(path: str) -> str:
    here = sorted(Path(path).parent.glob('*.py')) if Path(path).name.endswith('.py') else []
    files = {file.stem: file for file in [*here, *config_files()] if file.stem != _PARTS}
    near = near_names(Path(path).stem, files)
    return f' Did you mean {files[near[0]]}?' if near else ''


def _run(path: str, function: Callable[[], Any]) -> Any:
    """Call a function; for an error in the file, raise a UsageError with the line."""
    try:
        return function()
    except (Exception, SystemExit) as error:
        line = _line(path, error)
        if line and linecache.getline(path, line).lstrip().startswith('raise '):
            raise UsageError(str(error)) from error  # the file says itself what is wrong
        where = f'{path}, line {line}' if line else path
        raise UsageError(f'{where}: {type(error).__name__}: {_text(error)}') from error


def _line(path: str, error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)


def _text(error: BaseException) -> str:
    """Return the message of an error. That of a KeyError is quoted, unless it has several lines."""
    only = error.args[0] if len(error.args) == 1 else None
    return only if isinstance(only, str) and '\n' in only else str(error)
