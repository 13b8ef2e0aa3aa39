"""The runs of logging services that belong to the folder of a run."""

import json
import uuid
from typing import Any

from mtljax.files import write_text
from mtljax.training._logger import LogStart

FILE = 'loggers.json'


def run_id(start: LogStart, service: str) -> str:
    """Return the id of the run of a service. The folder keeps it; see `known_id`.

    Args:
      start: The start of the training.
      service: The name of the service.

    >>> len(run_id(LogStart(None, 0, 0), 'wandb'))
    16
    """
    found = known_id(start, service)
    if found is None:
        found = uuid.uuid4().hex[:16]
        keep_id(start, service, found)
    return found


def known_id(start: LogStart, service: str) -> str | None:
    """Return the id that the file ``loggers.json`` of the folder has for a service, or None.

    A training that starts at step 0 is a new run, whatever the folder has.
    """
    found = _read(start, FILE).get(service) if start.step > 0 else None
    return found if isinstance(found, str) else None


def keep_id(start: LogStart, service: str, found: str) -> None:
    """Write the id of the run of a service to the folder, if there is one."""
    if start.workdir is not None:
        content = _read(start, FILE) | {service: found}
        write_text(start.workdir / FILE, json.dumps(content, indent=2) + '\n')


def config_of(start: LogStart) -> dict[str, Any]:
    """Return the seed, and the config that a program wrote to the folder, if there is one."""
    return {'seed': start.seed, **_read(start, 'config.json')}


def _read(start: LogStart, name: str) -> dict[str, Any]:
    if start.workdir is None:
        return {}
    try:
        found = json.loads((start.workdir / name).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
