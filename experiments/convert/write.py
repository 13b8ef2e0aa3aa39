"""The run that a conversion makes: its config, and a folder that training goes on in."""

import ast
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments import build, program
from experiments.program import UsageError
from mtljax.base import TrainState
from mtljax.training import Results, select_by, write_text
from mtljax.training._best_state import BestState, identity

_CONFIG = '''"""The config of the run in this folder: what is in config.json."""

import json
from pathlib import Path

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    return ConfigDict(json.loads((Path(__file__).parent / 'config.json').read_text()))
'''


def config_for(source: ConfigDict, scheme: str, options: Sequence[str]) -> ConfigDict:
    """The config with another scheme, and what ``config.methods`` and the user say of it.

    Args:
      source: the config of the run.
      scheme: the new one.
      options: ``'field.of.the.config=value'``; below ``sharing`` the field may be new.

    Raises:
      UsageError: no such field, or a value of another type.

    >>> old = ConfigDict({'sharing': {'fn': 'mtljax.sharing:hard'}, 'train': {'steps': 100}})
    >>> new = config_for(old, 'mmoe', ['sharing.num_experts=4', 'train.steps=500'])
    >>> new.sharing.to_dict(), new.train.steps
    ({'fn': 'mtljax.sharing:mmoe', 'num_experts': 4}, 500)
    """
    changed = source.copy_and_resolve_references()
    known = (changed.get('methods') or {}).get(scheme, {}).get('sharing', {})
    changed.sharing = ConfigDict({'fn': f'mtljax.sharing:{scheme}', **known})
    for option in options:
        _set(changed, option)
    return ConfigDict(json.loads(changed.to_json()))  # as it will be read


def _set(config: ConfigDict, option: str) -> None:
    path, equals, text = option.partition('=')
    *parents, last = path.split('.')
    inner: Any = config
    for name in parents:
        inner = inner.get(name) if isinstance(inner, ConfigDict) else None
    new = parents == ['sharing']
    if path == 'sharing.fn':
        raise UsageError(f'--to names the scheme. Found --set={option}.')
    if not equals or not isinstance(inner, ConfigDict) or (last not in inner and not new):
        raise UsageError(f'--set=FIELD=VALUE names a field of the config. Found --set={option}.')
    try:
        inner[last] = _value(text)
    except TypeError as error:
        raise UsageError(f'--set={option}: {error}') from error


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def check_free(workdir: Path) -> None:
    """Raise a UsageError unless ``workdir`` is missing or an empty folder."""
    if workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
        raise UsageError(f'{workdir} is not empty. Choose another --workdir.')


def write(
    workdir: Path, config: ConfigDict, built: build.Setup, state: TrainState, results: Results
) -> None:
    """Make the folder of a run at its first step, whole or not at all.

    Args:
      workdir: missing or empty.
      config: of the run.
      built: what the config describes.
      state: to start from.
      results: of this state on validation.

    Raises:
      UsageError: the folder cannot be written.
    """
    partial = workdir.absolute().with_name(f'.{os.getpid()}.partial-{workdir.name}')
    try:
        partial.mkdir(parents=True)
        select = built.options.get('select') or select_by()
        run = identity(built.model.tasks, seed=config.seed, **built.options)
        with closing(BestState(partial, select, state, run)) as best_state:
            best_state.consider(0, state, results)
        write_text(partial / 'config.json', program.to_json(config.to_dict()))
        write_text(partial / 'config.py', _CONFIG)
        partial.rename(workdir.absolute())
    except OSError as error:
        raise UsageError(f'{workdir} cannot be written: {error}.') from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
