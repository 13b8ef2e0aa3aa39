"""Write a folder in which training continues."""

import os
import shutil
from pathlib import Path

from experiments import program
from experiments.convert.move import Moved
from experiments.program import UsageError
from mtljax.files import write_text
from mtljax.training import save_start

_CONFIG = '''"""The config of the run in this folder: what is in config.json."""

import json
from pathlib import Path

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    return ConfigDict(json.loads((Path(__file__).parent / 'config.json').read_text()))
'''


def write(workdir: Path, moved: Moved) -> None:
    """Write the folder of a run at its first step: the whole folder, or nothing.

    Args:
      workdir: A missing or empty folder.
      moved: The new run.

    Raises:
      UsageError: The folder cannot be written.
    """
    partial = workdir.absolute().with_name(f'.{os.getpid()}.partial-{workdir.name}')
    try:
        partial.mkdir(parents=True)
        _write_checkpoint(partial, moved)
        write_text(partial / 'config.json', program.to_json(moved.config.to_dict()))
        write_text(partial / 'config.py', _CONFIG)
        partial.rename(workdir.absolute())
    except (OSError, ValueError) as error:
        raise UsageError(
            f'--workdir should be a folder that can be written. Found {workdir}, which cannot be '
            f'written: {error}. Choose another --workdir.'
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_checkpoint(workdir: Path, moved: Moved) -> None:
    built = moved.built
    seed = moved.config.seed
    save_start(workdir, built.model, moved.state, moved.after, built.options, seed=seed)
