"""Prophet on a single series, if its package is installed."""

import importlib
import importlib.util
import logging
from collections.abc import Sequence

import numpy as np

from experiments.forecast.windows import Window


def installed() -> bool:
    """Return whether the package ``prophet`` is installed."""
    return importlib.util.find_spec('prophet') is not None


def forecasts(windows: Sequence[Window], holidays: str | None) -> np.ndarray:
    """Forecast by Prophet with its default settings, ``[origins, H]`` for H days.

    Taylor & Letham, Forecasting at scale, The American Statistician, 2018
    (https://doi.org/10.1080/00031305.2017.1380080).

    Args:
      windows: One window per origin.
      holidays: The country whose holidays the model gets, or None.
    """
    logging.getLogger('prophet.plot').setLevel(logging.CRITICAL)  # it warns if plotly is missing
    pandas, prophet = map(importlib.import_module, ('pandas', 'prophet'))
    for name in ('cmdstanpy', 'prophet'):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they log every fit
    rows = []
    for window in windows:
        model = prophet.Prophet()
        if holidays is not None:
            model.add_country_holidays(holidays)
        model.fit(pandas.DataFrame({'ds': window.known, 'y': window.history}))
        rows.append(model.predict(pandas.DataFrame({'ds': window.days}))['yhat'].to_numpy())
    return np.stack(rows)
