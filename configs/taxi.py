"""A series with a short history and one with a long history: which kind of sharing forecasts best?

This reproduces the experiment of A. Navon, Parameter Sharing in Deep Learning, 2019
(https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/), which publishes no number.
The series are the daily taxi trips of two vendors in New York. Series A is known for 640 days, and
series B for 92 days. The models forecast the next 90 days of B.

Without a path, the program generates two series (see `mtljax.data.daily_series`). The variant
``nyc`` reads a CSV file with the columns date, yellow and green. These are two kinds of taxi,
instead of the two vendors of the post.

An origin is the day at which a forecast starts. Every method chooses among the same number of
settings, on early origins. Their 90 days end before the first origin at which the methods are
evaluated. ``shared_layers`` and ``task_layers`` are the numbers of layers in hard sharing that the
tasks share and do not share. ``hard 3+0``, ``hard 2+1`` and ``hard 1+2`` have these numbers in
their names.

Result of ``nyc`` (docs/results/taxi.md): the WAPE, which is the sum of the absolute errors in
percent of the sum of the absolute values. The left column is the mean over 9 origins. The right
column is the WAPE at 2017-10-02, the origin of the post.

              9 origins   2017-10-02
soft l2           6.7 %        6.7 %
hard 2+1          8.4 %        8.4 %
single-task       9.0 %        6.2 %
Prophet          12.5 %       15.6 %

``nyc`` takes 9 minutes on 2 CPU cores, and the generated series take 4.5 minutes.

Forecast: python -m experiments.forecast --config=configs/taxi.py:nyc --config.data.path=FILE.csv
One network: python -m experiments.train --config=configs/taxi.py
Variants: configs/taxi.py:nyc
"""

from ml_collections import ConfigDict, FieldReference, config_dict

from configs.common import base

_LINEAR = {'activation': 'jax.nn:identity', 'shared_layers': 1, 'width': 1}
_RELU = {'activation': 'jax.nn:relu', 'shared_layers': 2, 'width': 16}
_TREND = (False, True)
_NETWORK = {'linear': _LINEAR, 'relu': _RELU}
_PENALISED = {'trend': _TREND, 'network': _NETWORK}


def _hard(shared_layers: int, task_layers: int) -> dict:
    return {
        'fields': {
            'sharing': {'fn': 'mtljax.sharing:hard'},
            'penalty': '',
            'shared_layers': shared_layers,
            'task_layers': task_layers,
        },
        'choices': {
            'trend': _TREND,
            'activation': ('jax.nn:identity', 'jax.nn:relu'),
            'width': (8, 32),
            'weight_decay': (0.003, 0.01, 0.02, 0.04),
        },
    }


_METHODS = {
    'single-task': {
        'fields': {
            'sharing': {'fn': 'mtljax.sharing:independent'},
            'penalty': '',
            'train': {'pooled': False},
        },
        'choices': {
            'trend': _TREND,
            'network': _NETWORK,
            'fourier': (3, 10),
            'weight_decay': (0.03, 0.1, 0.2, 0.4),
        },
    },
    'hard 3+0': _hard(3, 0),
    'hard 2+1': _hard(2, 1),
    'hard 1+2': _hard(1, 2),
    'soft l2': {
        'fields': {'penalty': 'l2'},
        'choices': _PENALISED
        | {'strength': (0.003, 0.01, 0.03, 0.1), 'weight_decay': (0.002, 0.006)},
    },
    'soft trace norm': {
        'fields': {'penalty': 'trace_norm'},
        'choices': _PENALISED
        | {'strength': (0.01, 0.03, 0.1, 0.2), 'weight_decay': (0.0005, 0.002)},
    },
}


def get_config(variant: str = '') -> ConfigDict:
    if variant not in ('', 'nyc'):
        raise ValueError(f'configs/taxi.py has the variant nyc. Found {variant!r}.')
    long, short = ('yellow', 'green') if variant else ('a', 'b')
    steps, rate, width = FieldReference(500), FieldReference(0.03), FieldReference(1)
    shared_layers, task_layers = FieldReference(1), FieldReference(0)
    activation = FieldReference('jax.nn:identity')
    weight_decay, strength = FieldReference(0.006), FieldReference(0.01)
    penalty, trend, fourier = FieldReference('l2'), FieldReference(True), FieldReference(10)
    head = {
        'fn': 'experiments.forecast.networks:head',
        'depth': task_layers,
        'width': width,
        'activation': activation,
    }
    return base(
        shared_layers=shared_layers,
        task_layers=task_layers,
        width=width,
        activation=activation,
        weight_decay=weight_decay,
        penalty=penalty,
        strength=strength,
        trend=trend,
        fourier=fourier,
        data={
            'fn': 'mtljax.data:daily_series',
            'path': config_dict.placeholder(str),
            'targets': (long, short),
            'origin': '2017-10-02',
            'horizon': 90,
            'refit': True,
            'start': {short: '2014-01-01'},
            'last': {long: 640, short: 92},
            'fourier': fourier,
            'holidays': True,
            'trend': trend,
        },
        backbone={
            'fn': 'experiments.forecast.networks:trunk',
            'depth': shared_layers,
            'width': width,
            'activation': activation,
        },
        heads={long: head, short: head},
        sharing={'fn': 'mtljax.sharing:soft'},
        optimizer={
            'fn': 'experiments.forecast.networks:penalised_adam',
            'weight_decay': weight_decay,
            'penalty': penalty,
            'strength': strength,
            'learning_rate': rate,
            'steps': steps,
        },
        select={'fn': 'mtljax.training:select_by'},
        train={
            'steps': steps,
            'batch_size': 640,
            'log_every': 100,
            'eval_every': steps,  # with refit, training uses the validation days
            'pooled': True,
        },
        methods=_METHODS,
        forecast={
            'task': short,
            'reference': 'single-task',
            'choice': _origins('2015-01-15' if variant else '2015-10-12', '2016-08-21'),
            'judged': _origins('2016-10-07', '2017-11-15'),
            'seeds': 3,
            'prophet': True,
        },
    )


def _origins(first: str, last: str) -> dict:
    """Return origins every 45 days; ``last`` is the day before the next origin."""
    return {'fn': 'mtljax.data:rolling_origins', 'first': first, 'last': last, 'every': 45}
