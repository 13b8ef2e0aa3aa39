"""The figure: the known days, and the forecasts of each method beside the truth."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.forecast.choice import Outcome, Plan
from experiments.forecast.windows import Window
from mtljax.data import calendar_features
from mtljax.files import png_of

_HOLIDAYS = (
    'New Year',
    'M. L. King',
    'Washington',
    'Memorial',
    'Juneteenth',
    'Independence',
    'Labor',
    'Columbus',
    'Veterans',
    'Thanksgiving',
    'Christmas',
)
_WEEK = 13  # the calendar features before the holidays: waves of the week, and weekdays
_COLUMNS = 2


class History(NamedTuple):
    """The drawn days of a series before the origin, and their values."""

    name: str
    days: np.ndarray
    values: np.ndarray


def figure(outcomes: Mapping[str, Outcome], plan: Plan, helper: History, hidden: History) -> bytes:
    """Draw the figure of the shown origin, as a PNG.

    Args:
      outcomes: The results of every method.
      plan: The origins and seeds.
      helper: The series with the long history.
      hidden: The whole history of the series that is forecast. The methods know only few days of
        it.
    """
    window = plan.judged[plan.shown]
    rows = math.ceil(len(outcomes) / _COLUMNS)
    drawn = Figure(figsize=(12, 3.2 + 1.9 * rows), layout='constrained')
    places = drawn.add_gridspec(rows + 1, _COLUMNS, height_ratios=[1.6] + [1] * rows)
    _histories(drawn.add_subplot(places[0, :]), window, helper, hidden)
    drawn.suptitle(
        f'Above, the known days of {hidden.name} and {helper.name} on {plan.shown}. Below, '
        f'{len(window.days)} days: truth grey, forecasts red, one line per seed'
    )
    first = None
    for index, (name, outcome) in enumerate(outcomes.items()):
        place = places[1 + index // _COLUMNS, index % _COLUMNS]
        axes = drawn.add_subplot(place, sharex=first, sharey=first)
        first = first or axes
        _forecast(axes, window, name, outcome, plan.shown)
        _holidays(axes, window, named=index < _COLUMNS)
        axes.set_ylabel(f'{hidden.name} a day' if index % _COLUMNS == 0 else '')
    return png_of(drawn, dpi=110)


def _histories(axes: Axes, window: Window, helper: History, hidden: History) -> None:
    scale = window.history.mean() / helper.values[-len(window.history) :].mean()
    style: dict[str, Any] = {'linewidth': 0.8}
    label = f'{helper.name} x {scale:.3g}, known'
    axes.plot(helper.days, scale * helper.values, color='C0', alpha=0.6, label=label, **style)
    label = f'{hidden.name}, not known'
    axes.plot(hidden.days, hidden.values, color='0.7', label=label, **style)
    label = f'{hidden.name}, {len(window.known)} days known'
    axes.plot(window.known, window.history, color='black', label=label, **style)
    axes.axvspan(window.known[0], window.days[0], color='C1', alpha=0.15, linewidth=0)
    label = f'{hidden.name}, to be forecast'
    axes.plot(window.days, window.truth, color='black', linestyle=':', label=label, **style)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(mdates.AutoDateLocator()))
    axes.set_ylabel('a day')
    axes.yaxis.set_major_formatter('{x:,.0f}')
    axes.legend(loc='lower left', fontsize='small', ncols=4)
    axes.grid(alpha=0.3)


def _forecast(axes: Axes, window: Window, name: str, outcome: Outcome, origin: str) -> None:
    axes.plot(window.days, window.truth, color='0.55', linewidth=1.2, label='truth')
    for row in outcome.forecasts[origin]:  # one per seed
        axes.plot(window.days, row, color='C3', linewidth=1)
    axes.set_title(f'{name}, WAPE {outcome.errors[origin]["wape"]:.1f} %', fontsize='medium')
    axes.xaxis.set_major_formatter(mdates.DateFormatter('%d %b'))
    axes.yaxis.set_major_formatter('{x:,.0f}')
    axes.grid(alpha=0.3)


def _holidays(axes: Axes, window: Window, *, named: bool) -> None:
    """Mark the holidays, with their names in the panels at the top."""
    late = window.days[-max(1, len(window.days) // 5)]
    for day, label in holidays(window.days):
        place = float(mdates.date2num(day))
        axes.axvline(place, color='C0', linestyle=':', linewidth=0.9)
        if named:
            across = axes.get_xaxis_transform()  # the height as a share of the panel
            side = 'right' if day >= late else 'left'
            axes.text(place, 0.03, f' {label} ', transform=across, fontsize=7, color='C0', ha=side)


def holidays(days: np.ndarray) -> list[tuple[np.datetime64, str]]:
    """Return the federal holidays of the United States among the given days.

    >>> days = np.arange('2017-11-01', '2017-12-01', dtype='datetime64[D]')
    >>> [(str(day), name) for day, name in holidays(days)]
    [('2017-11-11', 'Veterans'), ('2017-11-23', 'Thanksgiving')]
    """
    columns = calendar_features(days, first=str(days[0]), fourier=0, trend=False)[:, _WEEK:]
    return [(days[row], _HOLIDAYS[column]) for row, column in zip(*columns.nonzero(), strict=True)]
