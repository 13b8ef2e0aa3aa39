"""The projection on the simplex, against a search for its level."""

import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import solvers

POINTS = np.random.default_rng(0).normal(size=(20, 7)) * np.logspace(-3, 1, 20)[:, None]


def searched(point):
    """``max(point - level, 0)`` with the level at which the sum is 1."""
    low, high = point.min() - 1, point.max()
    for _ in range(200):
        level = (low + high) / 2
        low, high = (level, high) if np.maximum(point - level, 0).sum() > 1 else (low, level)
    return np.maximum(point - level, 0)


@pytest.mark.parametrize('shift', [0, 3, -100])
def test_the_nearest_point(shift):
    for point in POINTS:
        found = np.asarray(solvers.simplex(jnp.asarray(point + shift, jnp.float32)))
        np.testing.assert_allclose(found, searched(point), atol=2e-5)
        assert found.sum() == pytest.approx(1, abs=1e-5)


def test_numbers_of_any_size():
    for scale in (1e8, 1e20, 1e36):
        assert solvers.simplex(jnp.array([1, -1, 0.5]) * scale).tolist() == [1, 0, 0]
        assert solvers.simplex(jnp.array([1, 1, -1.0]) * scale).tolist() == [0.5, 0.5, 0]


def test_tasks_without_a_label_get_nothing():
    point = jnp.array([5.0, 0.25, 0.75])
    active = jnp.array([False, True, True])
    np.testing.assert_allclose(solvers.simplex(point, active), [0, 0.25, 0.75])
    assert solvers.simplex(point, jnp.zeros(3, bool)).tolist() == [0, 0, 0]
