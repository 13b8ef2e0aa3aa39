"""Prophet on one series alone, where its package is installed."""

import importlib
import importlib.util
import logging
from collections.abc import Sequence

import numpy as np

from experiments.forecast.windows import Window


def installed() -> bool:
    """Whether there is a package ``prophet``."""
    return importlib.util.find_spec('prophet') is not None


def forecasts(windows: Sequence[Window], holidays: str | None) -> np.ndarray:
    """What Prophet with its own defaults forecasts, ``[origins, H]``.

    Taylor & Letham, Forecasting at scale, The American Statistician, 2018
    (https://doi.org/10.1080/00031305.2017.1380080).

    Args:
      windows: one per origin.
      holidays: the country whose holidays it is told; None for none.
    """
    logging.getLogger('prophet.plot').setLevel(logging.CRITICAL)  # it misses plotly
    pandas, prophet = map(importlib.import_module, ('pandas', 'prophet'))
    for name in ('cmdstanpy', 'prophet'):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they tell of every fit
    found = []
    for window in windows:
        model = prophet.Prophet()
        if holidays is not None:
            model.add_country_holidays(holidays)
        model.fit(pandas.DataFrame({'ds': window.known, 'y': window.history}))
        found.append(model.predict(pandas.DataFrame({'ds': window.days}))['yhat'].to_numpy())
    return np.stack(found)
