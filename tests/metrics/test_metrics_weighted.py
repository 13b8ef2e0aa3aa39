"""Weighted metrics: against scikit-learn, and whole weights against repeated labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from mtljax import metrics
from mtljax.metrics._counted import histogram
from tests.metrics.test_metrics import CASES

RNG = np.random.default_rng(1)
SIZE = 300
MASK = RNG.random(SIZE) < 0.7
WEIGHT = np.where(MASK, RNG.random(SIZE), 0).astype(np.float32)
ANGLES = {
    'angle mean': metrics.angle_error(),
    'angle median': metrics.angle_error('median'),
    'angle_within': metrics.angle_within(80),
}
CASES = {name: (case[0], case[1]) for name, case in CASES.items()} | {
    name: (metric, RNG.normal(size=(2, SIZE, 3)).astype(np.float32))
    for name, metric in ANGLES.items()
}


@pytest.mark.parametrize(('metric', 'batch'), CASES.values(), ids=CASES)
def test_whole_weights_are_repeated_labels(metric, batch):
    """Also if the weights are scaled."""
    prediction, target = (leaf[:SIZE] for leaf in batch)
    counts = RNG.integers(0, 4, SIZE) * MASK
    rows = np.repeat(np.arange(SIZE), counts)
    ones = np.ones(len(rows), bool)
    expected = metric.result(metric.update(prediction[rows], target[rows], ones))
    for scale in (1, 0.25):
        weight = (scale * counts).astype(np.float32)
        found = metric.result(jax.jit(metric.update)(prediction, target, counts > 0, weight))
        np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize(
    ('name', 'reference'),
    [
        ('auc', lambda y, t: sk.roc_auc_score(t, y, sample_weight=WEIGHT)),
        ('f1', lambda y, t: sk.f1_score(t, y > 0, sample_weight=WEIGHT)),
        ('accuracy', lambda y, t: sk.accuracy_score(t, y.argmax(1), sample_weight=WEIGHT)),
        ('mae', lambda y, t: sk.mean_absolute_error(t, y, sample_weight=WEIGHT)),
        ('rmse', lambda y, t: sk.root_mean_squared_error(t, y, sample_weight=WEIGHT)),
    ],
)
def test_against_scikit_learn(name, reference):
    metric, batch = CASES[name]
    prediction, target = (leaf[:SIZE] for leaf in batch)
    found = metric.result(metric.update(prediction, target, MASK, WEIGHT))
    np.testing.assert_allclose(found, reference(prediction, target), rtol=1e-5)


def test_weights_of_pixels_in_an_auc_per_label():
    scores = RNG.normal(size=(40, 3)).astype(np.float32)
    labels, weight = RNG.integers(0, 2, (40, 3)), RNG.random((40, 3)).astype(np.float32)
    metric = metrics.auc(per_label=True)
    found = metric.result(metric.update(scores, labels, np.ones((40, 3), bool), weight))
    each = [
        sk.roc_auc_score(labels[:, k], scores[:, k], sample_weight=weight[:, k]) for k in range(3)
    ]
    assert found == pytest.approx(np.mean(each), rel=1e-6)


def test_weights_add_up_beyond_the_digits_of_float32():
    """One at a time, ones in float32 stop at 2 ** 24."""
    bins = jnp.zeros(2**24 + 2**20, jnp.int8)
    found = jax.jit(histogram, static_argnums=2)(bins, jnp.ones(len(bins), jnp.float16), 2)
    assert found.tolist() == [2**24 + 2**20, 0]
