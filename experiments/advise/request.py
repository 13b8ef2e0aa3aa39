"""What the user asks for: a budget, and restrictions on the choice."""

import math
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from absl import flags

from experiments.program import UsageError
from mtljax._near import did_you_mean

_UNITS = {'s': 1, 'm': 60, 'h': 3600}


class Request(NamedTuple):
    """What the user asks for.

    Attributes:
      budget: The time for everything, in seconds.
      max_parameters: The largest number of parameters; None for no limit.
      max_latency: The longest time of an answer for one row, in milliseconds; None for no limit.
      primary: The task that decides alone; None for the mean over the tasks.
      tolerate: ``{task: percent}``, by how much a task may be worse than its own network.
    """

    budget: float
    max_parameters: int | None
    max_latency: float | None
    primary: str | None
    tolerate: Mapping[str, float]


def define_flags(values: flags.FlagValues = flags.FLAGS) -> None:
    """Define the flags of a request.

    Args:
      values: The flags to which they are added.
    """
    flags.DEFINE_string(
        'budget', '20m', 'The time for everything, such as 90s, 20m or 2h.', flag_values=values
    )
    flags.DEFINE_integer(
        'max_parameters',
        None,
        'The largest number of parameters of the choice.',
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_float(
        'max_latency_ms',
        None,
        'The longest time of an answer for one row, in milliseconds, on this machine.',
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_string(
        'primary',
        None,
        'The task that decides alone. The default is their mean.',
        flag_values=values,
    )
    flags.DEFINE_multi_string(
        'tolerate',
        [],
        'How much worse a task may be than its own network, such as click:1%. Can be repeated.',
        flag_values=values,
    )


def read_request(tasks: Collection[str], values: flags.FlagValues = flags.FLAGS) -> Request:
    """Read the flags.

    Args:
      tasks: The names of the tasks.
      values: The flags.

    Raises:
      UsageError: A flag has no meaning, or names an unknown task.
    """
    primary, tolerate = values.primary, {}
    if primary is not None:
        _check_task('--primary', primary, tasks)
    for text in values.tolerate:
        task, percent = _tolerated(text)
        _check_task('--tolerate', task, tasks)
        tolerate[task] = percent
    return Request(
        duration(values.budget),
        values.max_parameters,
        values.max_latency_ms,
        primary,
        tolerate,
    )


def duration(text: str) -> float:
    """Return a time in seconds.

    Raises:
      UsageError: The text is no time.

    >>> duration('90s'), duration('1.5m'), duration('2h'), duration('30')
    (90.0, 90.0, 7200.0, 30.0)
    """
    found = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*', text)
    seconds = float(found[1]) * _UNITS[found[2] or 's'] if found else 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(f'--budget should be a time such as 90s, 20m or 2h. Found {text!r:.80}.')
    return seconds


def _tolerated(text: str) -> tuple[str, float]:
    task, _, percent = text.rpartition(':')
    found = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*%?\s*', percent)
    if not task or not found:
        raise UsageError(
            f'--tolerate should be a task and a percentage, such as click:1%. Found {text!r:.80}.'
        )
    return task, float(found[1])


def _check_task(flag: str, task: str, tasks: Collection[str]) -> None:
    if task not in tasks:
        raise UsageError(
            f'{flag} should name one of the tasks {", ".join(tasks)}. Found {task!r:.80}.'
            f'{did_you_mean(task, tasks)}'
        )
