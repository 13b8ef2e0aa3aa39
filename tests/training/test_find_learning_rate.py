"""The range test of the learning rate."""

import math

import numpy as np
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from mtljax.training._find_learning_rate import _curve

DIGITS = data.digits(train=256, validation=32, test=32)
MODEL = sharing.hard(backbones.mlp((16,)), DIGITS.heads)


def tx_of(rate):
    return optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(rate))


@pytest.fixture(scope='module')
def curve():
    return training.find_learning_rate(MODEL, DIGITS, tx_of, batch_size=32)


def test_the_rate_grows_by_a_factor(curve):
    assert curve.rates[0] == 1e-6
    ratios = curve.rates[1:] / curve.rates[:-1]
    np.testing.assert_allclose(ratios, 1e6 ** (1 / 99), rtol=1e-9)
    assert len(curve.rates) == len(curve.losses) == len(curve.smoothed)


def test_the_losses_are_those_of_a_training_with_this_schedule(curve):
    schedule = optax.exponential_decay(1e-6, 99, 1e6)
    result = training.train(
        MODEL, DIGITS, tx_of(schedule), steps=100, batch_size=32, log_every=1, eval_every=100
    )
    rows = [row for row in result.history if 'loss/left' in row][: len(curve.losses)]
    found = [row['loss/left'] + row['loss/right'] for row in rows]
    np.testing.assert_allclose(curve.losses[:60], found[:60], rtol=1e-3)


def test_the_suggestion_trains_better_than_rates_far_away(curve):
    def loss(rate):
        result = training.train(MODEL, DIGITS, tx_of(rate), steps=100, batch_size=32)
        return np.mean([row['loss'] for row in result.validation.values()])

    best = loss(curve.suggestion)
    assert best < loss(curve.suggestion / 100)
    assert best < loss(curve.suggestion * 100)


def test_a_curve_that_diverges_is_cut_off():
    rates = np.geomspace(1e-6, 1, 100)
    losses = np.where(np.arange(100) < 40, 2.0, 2.0 - (np.arange(100) - 40) / 30)
    losses[70:] = np.exp(np.arange(30))
    found = _curve(rates, losses)
    assert 70 < len(found.rates) < 80
    assert rates[40] < found.suggestion < rates[75]
    assert len(_curve(rates, np.r_[losses[:50], np.nan, losses[51:]]).rates) == 50


@pytest.mark.parametrize('losses', [np.arange(1.0, 21), [np.nan] * 20])
def test_a_loss_that_never_falls_gives_no_suggestion(losses):
    assert math.isnan(_curve(np.geomspace(1e-6, 1, 20), np.asarray(losses)).suggestion)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'lowest': 0}, 'lowest should be'),
        ({'highest': 1e-7}, 'highest should be above lowest'),
        ({'count': 9}, 'count should be a whole number >= 10'),
        ({'batch_size': 1000}, '256 training examples'),
    ],
)
def test_what_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        training.find_learning_rate(MODEL, DIGITS, tx_of, **{'batch_size': 32} | options)
    with pytest.raises(ValueError, match='tx_of should be a function'):
        training.find_learning_rate(MODEL, DIGITS, tx_of(0.1), batch_size=32)
