"""The logger of Trackio."""

import contextvars
import importlib
from collections.abc import Mapping
from typing import Any

from mtljax._extra import check_extra
from mtljax.training._logger import Logger, LogStart, OpenLogger
from mtljax.training._logger_run import config_of, run_id


def log_to_trackio(project: str, **options: Any) -> OpenLogger:
    """Log to Trackio, where each training is a run of a project.

    Trackio writes to a database on this machine, unless you pass ``space_id`` or ``server_url``. A
    training that continues from a checkpoint continues its run. The run gets the seed and, from the
    programs of this repository, the config. This needs the extra ``trackio``.

    Args:
      project: The name of the project.
      **options: More arguments of ``trackio.init``, such as ``group`` or ``space_id``.

    Returns:
      A function that opens the logger; pass it to `train` in ``loggers``.

    >>> logger = log_to_trackio('molecules')
    """

    def opened(start: LogStart) -> Logger:
        check_extra('trackio', 'trackio')
        trackio = importlib.import_module('trackio')
        name = run_id(start, 'trackio')
        known = {'project': project, 'name': name, 'resume': 'allow', 'embed': False}
        known |= {'config': config_of(start), 'auto_log_gpu': False, 'auto_log_cpu': False}
        # Trackio ends the run of the context when another one begins. Several seeds in one program
        # have several runs at a time, so each one gets a context of its own.
        run = contextvars.Context().run(lambda: trackio.init(**known | options))
        return _Run(run, start.step)

    return opened


class _Run:
    def __init__(self, run: Any, resumed: int):
        self._run = run
        last = getattr(run, '_initial_last_step', None) if resumed else None
        self._last = -1 if last is None else last  # the rows up to this step are there already

    def write(self, step: int, values: Mapping[str, float]) -> None:
        if step > self._last:
            self._run.log(dict(values), step=step)

    def flush(self) -> None:
        pass  # a thread of trackio writes the rows

    def close(self) -> None:
        self._run.finish()
