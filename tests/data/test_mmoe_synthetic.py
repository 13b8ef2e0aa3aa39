"""Two regressions: how related they are, and how much of them is noise."""

import jax
import numpy as np
import pytest

from mtljax import data, trees
from mtljax.data import _mmoe_synthetic
from tests.helpers import assert_same


def labels(correlation=0.5, **options):
    options = {'train': 4000, 'validation': 1, 'test': 1} | options
    split = data.mmoe_synthetic(correlation, **options).train.arrays
    return split.inputs, np.stack([split.targets['y1'], split.targets['y2']], axis=1)


@pytest.mark.parametrize(('correlation', 'scale'), [(0.5, 1.0), (-0.25, 0.3), (1.0, 2.0)])
def test_the_cosine_of_the_weights(correlation, scale):
    x, y = labels(correlation, scale=scale, terms=0, noise=0.0, train=300)
    w1, w2 = np.linalg.lstsq(x, y)[0].T  # without sines the labels are linear
    norms = np.linalg.norm(w1), np.linalg.norm(w2)
    np.testing.assert_allclose(norms, scale, rtol=1e-4)
    np.testing.assert_allclose(w1 @ w2 / scale**2, correlation, atol=1e-4)


@pytest.mark.parametrize(
    ('correlation', 'expected', 'within'), [(0.0, 0, 0.03), (0.5, 0.36, 0.1), (0.9, 0.82, 0.08)]
)
def test_the_correlation_of_the_labels_rises_with_it(correlation, expected, within):
    found = [np.corrcoef(labels(correlation, seed=seed)[1].T)[0, 1] for seed in range(8)]
    assert abs(np.mean(found) - expected) < within


def test_related_fully_they_differ_in_noise_alone():
    _, y = labels(1.0)
    difference = y[:, 0] - y[:, 1]
    assert abs(difference.std() / (0.1 * np.sqrt(2)) - 1) < 0.05
    assert np.corrcoef(y.T)[0, 1] > 0.95


def test_noise_is_what_a_model_cannot_know():
    (x, noisy), (same, clean) = labels(), labels(noise=0.0)
    np.testing.assert_array_equal(x, same)
    residual = noisy - clean
    np.testing.assert_allclose(residual.std(axis=0), 0.1, rtol=0.05)
    assert abs(np.corrcoef(residual.T)[0, 1]) < 0.05


def test_sines_are_functions_of_the_same_projection():
    x, y = labels(0.5, noise=0.0, train=2000)
    z = x @ np.linalg.lstsq(*labels(0.5, noise=0.0, terms=0, train=2000))[0]
    order = np.argsort(z[:, 0])
    steps = np.abs(np.diff(y[order, 0])) / np.maximum(np.diff(z[order, 0]), 1e-3)
    assert steps.max() < 20  # y1 is one smooth function of w_1 x
    linear = np.polyval(np.polyfit(z[:, 0], y[:, 0], 1), z[:, 0])
    assert np.std(y[:, 0] - linear) > 0.1  # and no line


def test_seeds():
    options = {'train': 50, 'validation': 5, 'test': 5, 'dimension': 4}
    first, again = (data.mmoe_synthetic(0.3, **options) for _ in range(2))
    for name in ('train', 'validation', 'test'):
        assert_same(getattr(first, name).arrays, getattr(again, name).arrays)
    assert [first.train.size, first.validation.size, first.test.size] == [50, 5, 5]
    other = data.mmoe_synthetic(0.3, **options, seed=1).train.arrays
    assert (other.inputs != first.train.arrays.inputs).any()
    paired = data.mmoe_synthetic(0.9, **options).train.arrays
    np.testing.assert_array_equal(paired.inputs, first.train.arrays.inputs)
    np.testing.assert_array_equal(paired.targets['y1'], first.train.arrays.targets['y1'])
    assert (paired.targets['y2'] != first.train.arrays.targets['y2']).any()


def test_towers_of_the_paper():
    dataset = data.mmoe_synthetic(train=2, validation=1, test=1)
    experts = jax.ShapeDtypeStruct((2, 16), np.float32)  # what a mixture of experts passes on
    for head in dataset.heads.values():
        params, _ = jax.eval_shape(head.init, jax.random.key(0), experts)
        assert trees.count(params) == 145  # the whole MMoE then has 14,544 + 2 x 145 = 14,834


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'correlation': 1.01}, r'correlation should be a number in \[-1, 1\]. Found .*1.01'),
        ({'correlation': float('nan')}, 'Found correlation = nan'),
        ({'scale': 0.0}, 'scale should be a finite number > 0'),
        ({'noise': -0.1}, 'noise should be a finite number >= 0'),
        ({'dimension': 1}, 'dimension should be a whole number >= 2. Found dimension = 1'),
        ({'terms': -1}, 'terms should be a whole number >= 0'),
        ({'train': 0}, 'train should be a whole number >= 1'),
        ({'test': 2.5}, 'test should be a whole number >= 1'),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        data.mmoe_synthetic(**options)


def drawn(monkeypatch, **options):
    """A data set with the weights and the coefficients of the sines that it was drawn with."""
    calls, draw = [], _mmoe_synthetic._draw

    def spy(weights, sines, *rest):
        calls.append((weights, sines))
        return draw(weights, sines, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(_mmoe_synthetic, '_draw', spy)
        dataset = data.mmoe_synthetic(**{'validation': 1, 'test': 1} | options)
    assert len(calls) == 3
    for weights, sines in calls:
        np.testing.assert_array_equal(weights, calls[0][0])
        np.testing.assert_array_equal(sines, calls[0][1])
    return dataset, *calls[0]


def test_labels_are_the_formula_of_the_paper(monkeypatch):
    options = {'train': 5000, 'validation': 4000, 'test': 3000, 'dimension': 7, 'noise': 0.3}
    dataset, weights, (alpha, beta) = drawn(
        monkeypatch, correlation=-0.4, scale=1.5, terms=4, **options
    )
    np.testing.assert_allclose(weights @ weights.T, 1.5**2 * np.array([[1, -0.4], [-0.4, 1]]))
    assert alpha.shape == beta.shape == (4,)
    for name in ('train', 'validation', 'test'):
        split = getattr(dataset, name).arrays
        x, size = split.inputs.astype(float), options[name]
        noise = []
        for w, target in zip(weights, ('y1', 'y2'), strict=True):
            z = x @ w
            clean = z + sum(np.sin(a * z + b) for a, b in zip(alpha, beta, strict=True))
            noise.append(split.targets[target] - clean)
        spread = 4 / np.sqrt(size)  # four standard errors
        np.testing.assert_allclose(np.std(noise, axis=1), 0.3, rtol=spread / np.sqrt(2))
        assert np.abs(np.mean(noise, axis=1)).max() < 0.3 * spread
        together = np.corrcoef(np.vstack([*noise, x.T]))
        assert np.abs(together - np.eye(9)).max() < spread  # independent, the inputs too
        assert abs(x.std() - 1) < spread / np.sqrt(14)


def test_without_noise_the_labels_are_the_formula_to_rounding(monkeypatch):
    dataset, weights, (alpha, beta) = drawn(monkeypatch, noise=0.0, train=200)
    split = dataset.train.arrays
    z = split.inputs.astype(float) @ weights.T
    expected = z + sum(np.sin(a * z + b) for a, b in zip(alpha, beta, strict=True))
    found = np.stack([split.targets['y1'], split.targets['y2']], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_coefficients_of_the_sines_are_standard_normal(monkeypatch):
    _, _, sines = drawn(monkeypatch, terms=4000, train=1)
    np.testing.assert_allclose(sines.std(axis=1), 1, rtol=4 / np.sqrt(8000))
    assert np.abs(sines.mean(axis=1)).max() < 4 / np.sqrt(4000)
    assert abs(np.corrcoef(sines)[0, 1]) < 4 / np.sqrt(4000)


def covariance(p, alpha, beta):
    """Of two labels without noise: that of ``z + sum_i sin(alpha_i z + beta_i)``, in closed form.

    The two z are standard normal with the correlation p, so that ``E exp(i s)`` of any weighted sum
    s of them is ``exp(-var(s) / 2)``.
    """
    linear = p * (1 + 2 * (alpha * np.cos(beta) * np.exp(-(alpha**2) / 2)).sum())
    mean = (np.sin(beta) * np.exp(-(alpha**2) / 2)).sum()
    a, b = np.meshgrid(alpha, alpha)
    c, d = np.meshgrid(beta, beta)
    apart = np.cos(c - d) * np.exp(-(a**2 + b**2 - 2 * p * a * b) / 2)
    along = np.cos(c + d) * np.exp(-(a**2 + b**2 + 2 * p * a * b) / 2)
    return linear + (apart - along).sum() / 2 - mean**2


@pytest.mark.parametrize('p', [-1.0, -0.5, 0.0, 0.5, 0.9, 1.0])
def test_the_correlation_of_the_labels_in_closed_form(p, monkeypatch):
    dataset, _, sines = drawn(
        monkeypatch, correlation=p, train=20_000, dimension=5, noise=0.5, seed=3
    )
    y = [dataset.train.arrays.targets[name] for name in ('y1', 'y2')]
    variance = covariance(1, *sines) + 0.5**2
    np.testing.assert_allclose(np.var(y, axis=1), variance, rtol=0.05)
    expected = covariance(p, *sines) / variance
    assert abs(np.corrcoef(y)[0, 1] - expected) < 0.025
