"""Two regression tasks with a chosen correlation."""

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.options import check_count, check_option, check_seed


def mmoe_synthetic(
    correlation: float = 0.5,
    *,
    train: int = 10_000,
    validation: int = 1_000,
    test: int = 1_000,
    dimension: int = 100,
    scale: float = 1.0,
    terms: int = 5,
    noise: float = 0.1,
    seed: int = 0,
) -> Dataset:
    """The generated data of the MMoE paper: two regression tasks whose correlation can be chosen.

    For task k, ``'y1'`` or ``'y2'``, the target is
    ``y_k = w_k x + sum_i sin(alpha_i w_k x + beta_i) + e``, with inputs ``x ~ N(0, I)`` and noise
    e. The weights are ``w_1 = c u_1`` and ``w_2 = c (p u_1 + sqrt(1 - p^2) u_2)``, where ``u_1``
    and ``u_2`` are orthogonal unit vectors. Thus c is the length of both weight vectors, and p is
    the cosine of the angle between them. The correlation of the targets increases with p (Ma et
    al., KDD 2018, https://doi.org/10.1145/3219819.3220007).

    The paper does not say what c is, or how many sines there are. By default, c is 1 and there are
    five sines. The paper does not give the coefficients of the sines either. They are drawn from
    ``alpha, beta ~ N(0, 1)``.

    Inputs are ``[B, dimension]``, and targets are ``[B]``. Data sets with the same seed and
    different correlations can be compared in pairs: they have the same ``x``, ``u_1``, ``u_2``,
    sines and noise.

    Args:
      correlation: The cosine p between the weights, in ``[-1, 1]``.
      train: The number of training examples.
      validation: The number of validation examples.
      test: The number of test examples.
      dimension: The number of inputs, at least 2.
      scale: The length c of the weight vectors. If it is far below 1, the sines are nearly linear.
      terms: The number of sines.
      noise: The standard deviation of e. Its square is the smallest mean squared error that a model
        can reach.
      seed: The random seed of everything. The same seed gives the same bits.

    Raises:
      ValueError: A number is out of range.

    >>> dataset = mmoe_synthetic(0.9, train=100, validation=10, test=10)
    >>> dataset.train.example.inputs.shape, list(dataset.tasks)
    ((2, 100), ['y1', 'y2'])
    """
    check_option('correlation', correlation, 'a number in [-1, 1]', lambda p: abs(p) <= 1)
    check_option('scale', scale, 'a finite number > 0', lambda c: c > 0)
    check_option('noise', noise, 'a finite number >= 0', lambda sd: sd >= 0)
    check_count('dimension', dimension, 2)
    check_count('terms', terms, 0)
    check_seed('seed', seed)
    for name, size in (('train', train), ('validation', validation), ('test', test)):
        check_count(name, size, 1)
    rng = np.random.default_rng(seed)
    weights = scale * _directions(correlation, dimension, rng)
    sines = rng.normal(size=(2, terms))
    splits = [
        _draw(weights, sines, noise, size, stream)
        for size, stream in zip((train, validation, test), rng.spawn(3), strict=True)
    ]
    mse = metrics.mean_of(optax.squared_error, higher_is_better=False)
    task = Task(heads.mlp((8,)), optax.squared_error, {'mse': mse})
    return Dataset({'y1': task, 'y2': task}, *splits)


def _directions(correlation, dimension, rng) -> np.ndarray:
    """Two unit vectors with the cosine ``correlation``, ``[2, dimension]``."""
    u = np.linalg.qr(rng.normal(size=(dimension, 2)))[0].T
    return np.stack([u[0], correlation * u[0] + np.sqrt(1 - correlation**2) * u[1]])


def _draw(weights, sines, noise, size, rng) -> ArraySplit:
    x = rng.normal(size=(size, weights.shape[1]))
    z = x @ weights.T
    alpha, beta = sines
    y = z + np.sin(alpha * z[..., None] + beta).sum(-1) + noise * rng.normal(size=z.shape)
    return array_split(x, {'y1': y[:, 0], 'y2': y[:, 1]})
