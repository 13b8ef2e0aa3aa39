"""Schedules that are logged, such as the learning rate."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Schedules = Mapping[str, Any]
"""Numbers, or functions of the number of steps before a step, ``{name: schedule}``."""


def values_at(schedules: Schedules, step: int) -> dict[str, float]:
    """Return the value of each schedule in a step.

    Args:
      schedules: The schedules.
      step: The number of steps before this step.

    >>> values_at({'learning_rate': lambda step: 0.1 / (1 + step), 'scale': 2}, 1)
    {'learning_rate': 0.05, 'scale': 2.0}
    """
    return {
        name: float(schedule(step) if callable(schedule) else schedule)
        for name, schedule in schedules.items()
    }


def check_schedules(schedules: Any) -> None:
    """Raise a ValueError unless each schedule has a name without ``/``, and a number for step 0.

    >>> check_schedules({'learning_rate': 'cosine'})
    Traceback (most recent call last):
    ValueError: log_schedules['learning_rate'] should be a number, or a function ... Found 'cosine'.
    """
    if not isinstance(schedules, Mapping):
        raise ValueError(
            'log_schedules should be a mapping {name: schedule}. '
            f'Found log_schedules = {schedules!r:.80}.'
        )
    for name, schedule in schedules.items():
        if not isinstance(name, str) or not name or '/' in name or name == 'step':
            raise ValueError(
                f"A name in log_schedules should be a text without '/'. Found {name!r:.80}."
            )
        found = _first(name, schedule) if callable(schedule) else schedule
        if np.ndim(found) or not np.isreal(found) or not math.isfinite(found):
            first = ' for step 0' if callable(schedule) else ''
            raise _error(name, f'{found!r:.80}{first}')


def _first(name: str, schedule: Callable[[int], Any]) -> Any:
    try:
        return schedule(0)
    except Exception as error:
        raise _error(name, f'{type(error).__name__}: {error!s:.80} for step 0') from error


def _error(name: str, found: str) -> ValueError:
    return ValueError(
        f'log_schedules[{name!r}] should be a number, or a function from a step to a number. '
        f'Found {found}.'
    )
