"""Choose settings on earlier origins, and evaluate them at later origins.

An origin is the day at which a forecast starts.
"""

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
    """The origins and the seeds.

    Attributes:
      choice: The origins on which settings are chosen, each with its window.
      judged: The later origins at which the chosen settings are evaluated.
      shown: The judged origin that has its own table and figure.
      seeds: The seeds of the evaluated networks. Settings are chosen with the first seed.
    """

    choice: dict[str, Window]
    judged: dict[str, Window]
    shown: str
    seeds: list[int]


class Outcome(NamedTuple):
    """The results of a method.

    Attributes:
      tried: The number of its settings.
      setting: The chosen setting.
      choice: The mean WAPE of this setting over the earlier origins, in percent.
      forecasts: The forecasts ``{origin: [seeds, H]}`` at the judged origins, in the units of the
        file.
      errors: The errors ``{origin: {'wape': %, 'mae': units, 'mape': %}}``, means over seeds.
    """

    tried: int
    setting: str
    choice: float
    forecasts: dict[str, np.ndarray]
    errors: dict[str, dict[str, float]]


def read_plan(config: ConfigDict, dataset: Callable[[ConfigDict], Dataset]) -> Plan:
    """Read ``config.forecast``.

    Raises:
      UsageError: The origins for choices see days that are judged, the origin of the data is not a
        judged origin, or a field does not fit the config.
    """
    spec = config.forecast
    _check(config, spec)
    origins = {name: build.build(spec[name].to_dict(), name) for name in ('choice', 'judged')}
    windows = {
        name: {
            origin: window(each, spec.task, origin)
            for origin, each in zip(days, at_origins(config, days, dataset), strict=True)
        }
        for name, days in origins.items()
    }
    last = max(each.days[-1] for each in windows['choice'].values())
    if last >= np.datetime64(origins['judged'][0]):
        raise UsageError(
            'The days of config.forecast.choice should end before the first judged origin, '
            f'{origins["judged"][0]}. Found {last}. Choose earlier origins.'
        )
    if config.data.origin not in origins['judged']:
        raise UsageError(
            f'config.data.origin should be one of the judged origins {origins["judged"]}. '
            f'Found {config.data.origin!r}.'
        )
    seeds = [config.seed + index for index in range(spec.seeds)]
    return Plan(windows['choice'], windows['judged'], config.data.origin, seeds)


def _check(config: ConfigDict, spec: ConfigDict) -> None:
    methods, targets = list(config.methods), list(config.data.targets)
    if spec.reference not in methods or len(methods) < 2:
        raise UsageError(
            'config.forecast.reference should be one of two or more config.methods. '
            f'Found {spec.reference!r}, and {methods}.'
        )
    if spec.task not in targets or len(targets) < 2:
        raise UsageError(
            'config.forecast.task should be one of two or more config.data.targets. '
            f'Found {spec.task!r}, and {targets}.'
        )
    if config.data.get('transform', 'log') != 'log':
        raise UsageError(
            "config.data.transform should be 'log', because errors are compared in units of the "
            f'file. Found {config.data.transform!r}.'
        )


def choose(settings: Mapping[str, Forecast], plan: Plan, advance: Callable[[], Any]) -> Outcome:
    """Evaluate a method with the setting that is best on the earlier origins.

    Args:
      settings: The settings of the method.
      plan: The origins and seeds.
      advance: A function that is called after each setting.
    """
    scores = {}
    for name, forecast in settings.items():
        rows = forecast(list(plan.choice), plan.seeds[:1])
        each = zip(rows, plan.choice.values(), strict=True)
        score = np.mean([_mean_errors(rows, window)['wape'] for rows, window in each])
        scores[name] = float(score) if np.isfinite(score) else np.inf
        advance()
    best = min(scores, key=scores.__getitem__)
    rows = settings[best](list(plan.judged), plan.seeds)
    forecasts = dict(zip(plan.judged, rows, strict=True))
    judged = {day: _mean_errors(rows, plan.judged[day]) for day, rows in forecasts.items()}
    return Outcome(len(settings), best, scores[best], forecasts, judged)


def _mean_errors(rows: Sequence[np.ndarray], window: Window) -> dict[str, float]:
    """Return the mean errors over seeds."""
    by_seed = [errors(row, window) for row in rows]
    return {name: float(np.mean([seed[name] for seed in by_seed])) for name in by_seed[0]}
