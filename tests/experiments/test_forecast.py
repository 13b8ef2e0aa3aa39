"""Forecasts of a scarce series: settings, choices, units, and the program's parts together."""

import importlib
import json
import sys
import types

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from experiments import build
from experiments.forecast import prophet, report
from experiments.forecast.choice import choose, read_plan
from experiments.forecast.figure import History, figure, holidays
from experiments.forecast.methods import methods, settings
from experiments.forecast.training import at_origins
from experiments.forecast.windows import errors, window
from experiments.program import UsageError
from mtljax import data

ORIGINS = {'fn': 'mtljax.data:rolling_origins', 'every': 45}
CHOICE = {**ORIGINS, 'first': '2016-05-24', 'last': '2016-08-21'}
JUDGED = {**ORIGINS, 'first': '2017-08-18', 'last': '2017-11-15'}


def small_config():
    config = importlib.import_module('configs.taxi').get_config()
    config.forecast.update(choice=CHOICE, judged=JUDGED, seeds=2, prophet=False)
    return config


@pytest.fixture(scope='module')
def dataset():
    return build.datasets()


def test_every_method_has_as_many_settings_and_its_own_depths():
    config = importlib.import_module('configs.taxi').get_config()
    counts = {name: len(settings(config, name)) for name in config.methods}
    assert set(counts.values()) == {32}
    for name in config.methods:
        for setting in settings(config, name).values():
            assert len(setting.backbone) == 4  # its fields are references: nothing is added
            assert setting.data.trend == setting.trend
            assert setting.optimizer.weight_decay == setting.weight_decay
            if name.startswith('hard'):
                depths = (setting.backbone.depth, setting.heads.b.depth)
                assert 'hard {}+{}'.format(*depths) == name
    assert config.sharing.fn == 'mtljax.sharing:soft'  # the config itself stays


def test_hard_sharing_has_the_layers_that_it_names(dataset):
    config = small_config()
    setting = next(iter(settings(config, 'hard 1+2').values()))
    built = build.setup(setting, dataset(setting.data))
    example = built.dataset.train.example.inputs
    params, _ = jax.eval_shape(built.model.init, jax.random.key(0), example)
    assert list(params['shared']) == ['stage0']
    assert {name: len(own) for name, own in params['task']['heads'].items()} == {'a': 3, 'b': 3}


@pytest.mark.parametrize('transform', ['log', 'none'])
def test_values_come_back_in_units(tmp_path, transform):
    days = np.arange('2017-01-01', '2017-03-02', dtype='datetime64[D]')
    values = 1000.0 + 7 * np.arange(60)
    path = tmp_path / 'series.csv'
    rows = [f'{day},{value}' for day, value in zip(days, values, strict=True)]
    path.write_text('\n'.join(['date,a', *rows]) + '\n')
    options = {'origin': '2017-02-10', 'horizon': 10, 'refit': True, 'last': {'a': 12}}
    found = data.daily_series(path, transform=transform, **options)
    own = window(found, 'a', '2017-02-10')
    np.testing.assert_array_equal(own.known, days[28:40])
    np.testing.assert_allclose(own.history, values[28:40], rtol=1e-5)
    np.testing.assert_array_equal(own.days, days[40:50])
    np.testing.assert_allclose(own.truth, values[40:50], rtol=1e-5)
    size = values[40:50].mean()
    expected = {'wape': 10.0, 'mae': 0.1 * size, 'mape': 10.0}
    assert errors(1.1 * own.truth, own) == pytest.approx(expected, rel=1e-4)


def test_towers_held_together_forecast_what_one_cannot_know(dataset):
    """The seasons of ``b`` are those of ``a``; its own 92 days do not tell them.

    Linear towers have one best solution, whatever the initial parameters.
    """
    method = {'fields': {}, 'choices': {'strength': (0.0, 0.03)}}
    config = small_config()
    config.methods = ConfigDict({'soft l2': method})
    config.optimizer.steps = 300
    (known,) = at_origins(config, ['2017-10-02'], dataset)
    wapes = []
    for forecast in methods(config, dataset)['soft l2'].values():
        found = forecast(['2017-10-02'], [0, 1])
        assert found.shape == (1, 2, 90)
        np.testing.assert_allclose(found[0, 0], found[0, 1], rtol=0.05)
        wapes.append(errors(found[0, 0], window(known, 'b', '2017-10-02'))['wape'])
    apart, together = wapes
    assert together < 0.6 * apart


def constant(value):
    return lambda origins, seeds: np.full((len(origins), len(seeds), 90), float(value))


def test_what_is_chosen_is_judged_and_told(dataset):
    config = small_config()
    plan = read_plan(config, dataset)
    assert list(plan.judged) == ['2017-08-18', '2017-10-02']
    level = np.mean([own.truth.mean() for own in plan.choice.values()])
    calls = []
    outcomes = {
        'single-task': choose({'': constant(0.5 * level)}, plan, lambda: calls.append(0)),
        'soft l2': choose(
            {'none': constant(np.nan), 'half': constant(level / 2), 'whole': constant(level)},
            plan,
            lambda: calls.append(0),
        ),
    }
    own = outcomes['soft l2']
    assert (len(calls), own.tried, own.setting) == (4, 3, 'whole')
    assert own.forecasts['2017-10-02'].shape == (2, 90)
    tables = report.tables(outcomes, plan, ['single-task'])
    assert [len(table.rows) for table in tables.values()] == [2, 2, 2, 2]
    words = report.verdict(outcomes, plan, 'soft l2', ['single-task'])
    ratio = tables['90 days from 2017-10-02'].rows[1][-1]
    assert f'{ratio} at 2017-10-02' in words
    files = report.files(tables, [words], outcomes)
    assert json.loads(files['results.json'])['soft l2']['tried'] == 3
    history = History('a', plan.judged[plan.shown].known, plan.judged[plan.shown].history)
    assert figure(outcomes, plan, history, history).startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'choice': {**CHOICE, 'last': '2017-11-15'}}, 'should end before the first judged'),
        ({'judged': {**JUDGED, 'last': '2017-11-14'}}, "Found '2017-10-02'"),
        ({'choice': {**CHOICE, 'first': '2015-01-15'}}, 'the same number of training days'),
    ],
)
def test_a_plan_that_cannot_be_is_refused(dataset, change, said):
    config = small_config()
    config.forecast.update(change)
    with pytest.raises(UsageError, match=said):
        read_plan(config, dataset)


def test_a_method_with_an_unknown_field_is_refused():
    config = small_config()
    with config.unlocked():
        config.methods['soft l2'].fields.strenght = 0.1
    with pytest.raises(UsageError, match=r"\['strenght'\], which are not fields"):
        settings(config, 'soft l2')


def test_prophet_takes_part_where_it_is_installed(monkeypatch, dataset):
    """With a stand-in that says the mean of what it was fitted to."""

    class Prophet:
        def add_country_holidays(self, country):
            assert country == 'US'

        def fit(self, frame):
            assert len(frame['ds']) == 92
            self.mean = np.mean(frame['y'])

        def predict(self, frame):
            return {'yhat': np.full_like(frame['ds'], self.mean, np.float64).view(Array)}

    class Array(np.ndarray):
        def to_numpy(self):
            return np.asarray(self)

    config = small_config()
    monkeypatch.setattr(prophet, 'installed', lambda: True)
    assert 'prophet' not in methods(config, dataset)
    config.forecast.prophet = True
    every = methods(config, dataset)
    monkeypatch.setitem(sys.modules, 'prophet', types.SimpleNamespace(Prophet=Prophet))
    monkeypatch.setitem(sys.modules, 'pandas', types.SimpleNamespace(DataFrame=dict))
    (known,) = at_origins(config, ['2017-10-02'], dataset)
    mean = window(known, 'b', '2017-10-02').history.mean()
    for name in ('prophet', 'prophet, holidays'):
        (forecast,) = every[name].values()
        np.testing.assert_allclose(forecast(['2017-10-02'], [0]), np.full((1, 1, 90), mean))


def test_holidays_of_the_figure():
    days = np.arange('2017-10-02', '2017-12-31', dtype='datetime64[D]')
    assert [(str(day), name) for day, name in holidays(days)] == [
        ('2017-10-09', 'Columbus'),
        ('2017-11-11', 'Veterans'),
        ('2017-11-23', 'Thanksgiving'),
        ('2017-12-25', 'Christmas'),
    ]
