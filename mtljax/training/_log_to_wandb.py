"""The logger of Weights & Biases."""

import importlib
from collections.abc import Mapping
from typing import Any

from mtljax._extra import check_extra
from mtljax.training._logger import Logger, LogStart, OpenLogger
from mtljax.training._logger_run import config_of, run_id


def log_to_wandb(project: str, **options: Any) -> OpenLogger:
    """Log to Weights & Biases, where each training is a run of a project.

    A training that continues from a checkpoint continues its run. The run gets the seed and, from
    the programs of this repository, the config. This needs the extra ``wandb``.

    Args:
      project: The name of the project.
      **options: More arguments of ``wandb.init``, such as ``name``, ``entity`` or
        ``mode='offline'``. An offline run lies in the folder ``wandb`` of the run of mtljax, and
        ``wandb sync`` sends it later.

    Returns:
      A function that opens the logger; pass it to `train` in ``loggers``.

    >>> logger = log_to_wandb('molecules', mode='offline')
    """

    def opened(start: LogStart) -> Logger:
        check_extra('wandb', 'wandb')
        wandb = importlib.import_module('wandb')
        name = run_id(start, 'wandb')
        folder = {} if start.workdir is None else {'dir': str(start.workdir)}
        known = {'project': project, 'id': name, 'config': config_of(start), **folder}
        # Several seeds in one program have several runs at a time.
        return _Run(wandb.init(resume='allow', reinit='create_new', **known | options))

    return opened


class _Run:
    def __init__(self, run: Any):
        self._run = run

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)  # a step that is there already is left as it is

    def flush(self) -> None:
        pass  # a process of wandb sends the rows

    def close(self) -> None:
        self._run.finish()
