"""Settings chosen on earlier origins, and what the chosen ones forecast at later ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from experiments import build
from experiments.forecast.methods import Forecast
from experiments.forecast.training import at_origins
from experiments.forecast.windows import Window, errors, window
from experiments.program import UsageError
from mtljax.base import Dataset


class Plan(NamedTuple):
    """What is chosen where, and judged where.

    Attributes:
      choice: the origins that settings are chosen on, each with its window.
      judged: the later ones.
      shown: the judged origin that has a table and a figure of its own.
      seeds: of the networks that are judged; choices are made with the first.
    """

    choice: dict[str, Window]
    judged: dict[str, Window]
    shown: str
    seeds: list[int]


class Outcome(NamedTuple):
    """What became of a method.

    Attributes:
      tried: the number of its settings.
      setting: the chosen one.
      choice: its mean WAPE over the earlier origins, in percent.
      forecasts: at the judged origins, ``{origin: [seeds, H]}``, in the units of the file.
      errors: the mean over seeds, ``{origin: {'wape': %, 'mae': units, 'mape': %}}``.
    """

    tried: int
    setting: str
    choice: float
    forecasts: dict[str, np.ndarray]
    errors: dict[str, dict[str, float]]


def read(config: ConfigDict, dataset: Callable[[ConfigDict], Dataset]) -> Plan:
    """What ``config.forecast`` says.

    Raises:
      UsageError: a choice would see days that are judged, or the origin of the data is not judged.
    """
    said = config.forecast
    _check(config, said)
    origins = {name: build.build(said[name].to_dict(), name) for name in ('choice', 'judged')}
    found = {
        name: {
            origin: window(each, said.task, origin)
            for origin, each in zip(days, at_origins(config, days, dataset), strict=True)
        }
        for name, days in origins.items()
    }
    seen = max(each.days[-1] for each in found['choice'].values())
    if seen >= np.datetime64(origins['judged'][0]):
        raise UsageError(
            f'config.forecast.choice looks at days up to {seen}: they should end before the first '
            f'judged origin. Found {origins["judged"][0]}.'
        )
    if config.data.origin not in origins['judged']:
        raise UsageError(
            f'config.data.origin should be one of the judged origins {origins["judged"]}. '
            f'Found {config.data.origin!r}.'
        )
    seeds = [config.seed + index for index in range(said.seeds)]
    return Plan(found['choice'], found['judged'], config.data.origin, seeds)


def _check(config: ConfigDict, said: ConfigDict) -> None:
    methods, targets = list(config.methods), list(config.data.targets)
    if said.reference not in methods or len(methods) < 2:
        raise UsageError(
            'config.forecast.reference should be one of config.methods, beside another one. '
            f'Found {said.reference!r}, and {methods}.'
        )
    if said.task not in targets or len(targets) < 2:
        raise UsageError(
            'config.forecast.task should be one of config.data.targets, beside another one. '
            f'Found {said.task!r}, and {targets}.'
        )
    if config.data.get('transform', 'log') != 'log':
        raise UsageError(
            "config.data.transform should be 'log': errors are compared in units of the file. "
            f'Found {config.data.transform!r}.'
        )


def choose(settings: Mapping[str, Forecast], plan: Plan, advance: Callable[[], Any]) -> Outcome:
    """Judge a method with the setting that is best on the earlier origins.

    Args:
      settings: of the method.
      plan: see `read`.
      advance: called after each setting.
    """
    scores = {}
    for name, forecast in settings.items():
        found = forecast(list(plan.choice), plan.seeds[:1])
        each = zip(found, plan.choice.values(), strict=True)
        score = np.mean([_mean_errors(rows, window)['wape'] for rows, window in each])
        scores[name] = float(score) if np.isfinite(score) else np.inf
        advance()
    best = min(scores, key=scores.__getitem__)
    found = settings[best](list(plan.judged), plan.seeds)
    forecasts = dict(zip(plan.judged, found, strict=True))
    judged = {day: _mean_errors(rows, plan.judged[day]) for day, rows in forecasts.items()}
    return Outcome(len(settings), best, scores[best], forecasts, judged)


def _mean_errors(rows: Sequence[np.ndarray], found: Window) -> dict[str, float]:
    """The mean over seeds."""
    each = [errors(row, found) for row in rows]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}
