"""Metrics of dense prediction against plain NumPy: angles, relative errors, accuracy of pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import metrics

SHAPE = (6, 7, 5)
BOUNDS = (11.25, 22.5, 30)


def vectors(seed=0):
    """Predictions and targets of any length, some nearly parallel, and the pixels that count."""
    rng = np.random.default_rng(seed)
    target, noise = rng.normal(size=(2, *SHAPE, 3))
    spread = rng.choice([1e-4, 0.1, 0.5, 5], size=(*SHAPE, 1))
    prediction = (target + spread * noise) * rng.uniform(0.1, 9, size=(*SHAPE, 1))
    mask = rng.random(SHAPE) < 0.8
    target[~mask] = 0
    return np.float32(prediction), np.float32(target), mask


def degrees(prediction, target):
    a, b = np.float64(prediction), np.float64(target)
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.rad2deg(np.arctan2(across, (a * b).sum(-1)))


def angles():
    named = {'mean': metrics.angle_error(), 'median': metrics.angle_error('median')}
    return named | {str(bound): metrics.angle_within(bound) for bound in BOUNDS}


@jax.jit
def sums_of(prediction, target, mask):
    return {name: metric.update(prediction, target, mask) for name, metric in angles().items()}


@jax.jit
def results_of(sums):
    return {name: metric.result(sums[name]) for name, metric in angles().items()}


def measured(*parts):
    sums = [sums_of(*part) for part in parts]
    return results_of(jax.tree.map(lambda *leaves: sum(leaves), *sums))


@pytest.mark.parametrize('left_out', [0, 1])  # an odd and an even number of angles
def test_angles(left_out):
    prediction, target, mask = vectors()
    mask.flat[np.flatnonzero(mask)[:left_out]] = False
    halves = [
        tuple(x[part] for x in (prediction, target, mask)) for part in np.split(np.arange(6), 2)
    ]
    actual, true = measured(*halves), degrees(prediction, target)[mask]
    np.testing.assert_allclose(actual['mean'], true.mean(), rtol=1e-5)
    assert abs(actual['median'] - np.median(true)) < 0.0014 + 1e-4
    for bound in BOUNDS:
        np.testing.assert_allclose(actual[str(bound)], (true < bound).mean(), rtol=1e-6)
    assert 0.2 < actual['11.25'] < actual['30'] < 0.9
    assert not metrics.angle_error().higher_is_better
    assert metrics.angle_within(30).higher_is_better


def filled(value):
    prediction, target, mask = vectors()
    return jnp.full_like(prediction, value), target, mask


def test_angles_at_the_ends():
    prediction, target, mask = vectors()
    same, opposite = (measured((sign * 1e30 * target, target, mask)) for sign in (1, -1))
    np.testing.assert_allclose([same['mean'], opposite['mean']], [0, 180], atol=1e-3)
    np.testing.assert_allclose([same['median'], opposite['median']], [0, 180], atol=0.0014)
    assert (same['11.25'], opposite['30']) == (1, 0)
    np.testing.assert_allclose(measured(filled(0))['mean'], 90, rtol=1e-6)
    unlabelled = measured((prediction, target, mask & False))
    one_nan = prediction.copy()
    one_nan[tuple(np.argwhere(mask)[0])] = np.nan
    for actual in (measured((one_nan, target, mask)), measured(filled(np.inf)), unlabelled):
        assert all(np.isnan(value) for value in actual.values())
    one_nan = np.where(mask[..., None], prediction, np.nan)
    assert np.isfinite(measured((one_nan, target, mask))['median'])


def test_angles_of_rows_and_planes():
    """A mask per example, vectors in the plane."""
    rng = np.random.default_rng(1)
    prediction, target = np.float32(rng.normal(size=(2, 3, 4, 2)))
    mask = np.array([True, False, True])
    a, b = (np.arctan2(x[..., 1], x[..., 0]) for x in np.float64((prediction, target)))
    true = np.rad2deg(np.abs((a - b + np.pi) % (2 * np.pi) - np.pi))[mask]
    actual = measured((prediction, target, mask))
    np.testing.assert_allclose(actual['mean'], true.mean(), rtol=1e-5)
    np.testing.assert_allclose(actual['median'], np.median(true), atol=0.0015)


def test_relative_error():
    rng = np.random.default_rng(0)
    target = np.float32(rng.uniform(0.5, 9, size=SHAPE))
    prediction = np.float32(target + rng.normal(size=SHAPE))
    mask = rng.random(SHAPE) < 0.7
    target[~mask] = 0
    metric = metrics.relative_error()
    actual = metric.result(metric.update(jnp.array(prediction), jnp.array(target), mask))
    true = (abs(prediction - target)[mask] / target[mask]).mean(dtype=np.float64)
    np.testing.assert_allclose(actual, true, rtol=1e-5)
    doubled = metrics.relative_error(lambda y: 2 * y + 1)
    actual = doubled.result(doubled.update(jnp.array(prediction), jnp.array(target), mask))
    true = (2 * abs(prediction - target)[mask] / (2 * target[mask] + 1)).mean(dtype=np.float64)
    np.testing.assert_allclose(actual, true, rtol=1e-5)
    assert not metric.higher_is_better


def test_accuracy_counts_the_pixels_of_a_mask():
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(*SHAPE, 4)), rng.integers(4, size=SHAPE)
    mask = rng.random(SHAPE) < 0.7
    metric = metrics.accuracy()
    actual = metric.result(metric.update(jnp.array(logits), jnp.array(target), jnp.array(mask)))
    np.testing.assert_allclose(actual, (logits.argmax(-1) == target)[mask].mean(), rtol=1e-6)


def test_options_that_are_refused():
    with pytest.raises(ValueError, match="Found kind = 'mode'"):
        metrics.angle_error('mode')
    for bound in (0, 181):
        with pytest.raises(ValueError, match=f'Found degrees = {bound}'):
            metrics.angle_within(bound)
    for metric in angles().values():
        with pytest.raises(ValueError, match='one shape'):
            metric.update(jnp.ones((2, 3)), jnp.ones((2, 1)), jnp.ones(2, bool))
