"""The logger of MLflow."""

import importlib
import re
import time
from collections.abc import Mapping
from typing import Any

from mtljax._extra import check_extra
from mtljax.training._logger import Logger, LogStart, OpenLogger
from mtljax.training._logger_run import config_of, keep_id, known_id

_MOST = 1000  # metrics of one request
_REFUSED = re.compile(r'[^\w\-. /]', re.ASCII)  # characters that MLflow refuses in names


def log_to_mlflow(
    experiment: str, *, tracking_uri: str | None = None, run_name: str | None = None
) -> OpenLogger:
    """Log to MLflow, where each training is a run of an experiment.

    A training that continues from a checkpoint continues its run. The run gets the seed and, from
    the programs of this repository, the config, as the tag ``config``. Characters that MLflow
    refuses in names, such as ``~``, become ``_``. This needs the extra ``mlflow``.

    Args:
      experiment: The name of the experiment. It is created if it is missing.
      tracking_uri: The address of the server, or of a database such as ``sqlite:///mlflow.db``.
        None means the address that MLflow is set to, for example by ``MLFLOW_TRACKING_URI``.
      run_name: The name of the run. None means that MLflow chooses one.

    Returns:
      A function that opens the logger; pass it to `train` in ``loggers``.

    >>> logger = log_to_mlflow('molecules', tracking_uri='sqlite:///mlflow.db')
    """

    def opened(start: LogStart) -> Logger:
        check_extra('mlflow', 'mlflow')
        mlflow = importlib.import_module('mlflow')
        client = mlflow.MlflowClient(tracking_uri=tracking_uri)
        found = known_id(start, 'mlflow')
        if found is not None:
            client.update_run(found, status='RUNNING')
            return _Run(client, mlflow.entities.Metric, found, _last_steps(client, found))
        group = client.get_experiment_by_name(experiment)
        place = client.create_experiment(experiment) if group is None else group.experiment_id
        tags = {'config': str(config_of(start))[:5000], 'seed': str(start.seed)}
        new = client.create_run(place, tags=tags, run_name=run_name).info.run_id
        keep_id(start, 'mlflow', new)
        return _Run(client, mlflow.entities.Metric, new, {})

    return opened


def _last_steps(client: Any, run: str) -> dict[str, int]:
    """Return the last step of each metric that is there already."""
    names = client.get_run(run).data.metrics
    return {name: max(row.step for row in client.get_metric_history(run, name)) for name in names}


class _Run:
    def __init__(self, client: Any, metric: Any, run: str, last: Mapping[str, int]):
        self._client, self._metric, self._run, self._last = client, metric, run, last
        self._waiting: list[Any] = []

    def write(self, step: int, values: Mapping[str, float]) -> None:
        now = int(1000 * time.time())
        for name, value in values.items():
            known = _REFUSED.sub('_', name)
            if step > self._last.get(known, -1):
                self._waiting.append(self._metric(known, float(value), now, step))

    def flush(self) -> None:
        rows, self._waiting = self._waiting, []
        for first in range(0, len(rows), _MOST):
            self._client.log_batch(self._run, metrics=rows[first : first + _MOST])

    def close(self) -> None:
        self.flush()
        self._client.set_terminated(self._run)
