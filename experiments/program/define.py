"""The flags that several programs have."""

from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import config_flags


def define_config() -> Any:
    """Define the flag ``--config=FILE.py[:variant]``, and ``--config.field`` for each field."""
    return config_flags.DEFINE_config_file(
        'config', None, 'The config file. A variant may follow after a colon.', lock_config=True
    )


def define_workdir() -> Any:
    """Define the flag ``--workdir``."""
    return flags.DEFINE_string(
        'workdir', None, 'The folder of the results. The default is runs/NAME of the config.'
    )


def define_trust() -> Any:
    """Define the flag ``--trust``, for programs that read a folder of somebody else."""
    return flags.DEFINE_multi_string(
        'trust',
        [],
        'A package whose functions the config of the folder may name. It can be repeated.',
    )


def run_name(flag: Any) -> str:
    """Return the name of a run, ``NAME[-VARIANT]``, from a config flag.

    >>> class Flag: config_filename = 'configs/digits.py:pcgrad'
    >>> run_name(Flag)
    'digits-pcgrad'
    """
    path, _, variant = flag.config_filename.partition(':')
    name = Path(path).stem
    return f'{name}-{variant.replace(",", "-")}' if variant else name
