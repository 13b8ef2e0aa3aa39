"""Angles between vectors, such as surface normals."""

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from mtljax._numeric import divisor
from mtljax.base import Array, Metric
from mtljax.metrics._check import per_entry
from mtljax.metrics._counted import counted, histogram
from mtljax.metrics._mean_of import mean_of
from mtljax.options import check_option

_BINS = 1 << 16


def angle_error(kind: Literal['mean', 'median'] = 'mean') -> Metric:
    """The mean or the median of the angles between predictions and targets, in degrees.

    Predictions and targets are vectors, ``[B, ..., dimensions]``. Their lengths do not matter. A
    vector of length 0 has an angle of 90 degrees to every longer vector. The median is taken over
    all labelled vectors of the split. It is computed from a histogram with 65,536 bins, so that its
    error is at most half a bin, 0.0014 degrees. The result is NaN if a prediction is NaN.

    Args:
      kind: ``'mean'`` or ``'median'``.

    Raises:
      ValueError: ``kind`` is unknown. ``update`` raises this error if predictions and targets
        differ in shape.

    >>> metric, target = angle_error(), jnp.array([[0.0, 0.0, 1.0]])
    >>> prediction = jnp.array([[0.0, 2.0, 2.0]])
    >>> round(metric.result(metric.update(prediction, target, jnp.ones(1, bool))).item(), 3)
    45.0
    """
    if kind not in ('mean', 'median'):
        raise ValueError(f"kind should be 'mean' or 'median'. Found kind = {kind!r}.")
    return _median() if kind == 'median' else mean_of(_angle, higher_is_better=False)


def angle_within(degrees: float) -> Metric:
    """The share of predictions whose angle to the target is below a bound.

    Predictions and targets are vectors, ``[B, ..., dimensions]``, as in `angle_error`. For surface
    normals, bounds of 11.25, 22.5 and 30 degrees are common.

    Args:
      degrees: The bound in degrees, in (0, 180].

    Raises:
      ValueError: ``degrees`` is out of range. ``update`` raises this error if predictions and
        targets differ in shape.

    >>> metric, target = angle_within(30), jnp.array([[0.0, 0.0, 1.0]] * 2)
    >>> prediction = jnp.array([[0.0, 0.1, 1.0], [0.0, 1.0, 0.0]])
    >>> metric.result(metric.update(prediction, target, jnp.ones(2, bool))).item()
    0.5
    """
    check_option('degrees', degrees, 'in (0, 180]', lambda value: (value > 0) & (value <= 180))

    def is_within(prediction, target):
        angle = _angle(prediction, target)
        return jnp.where(jnp.isnan(angle), jnp.nan, angle < degrees)

    return mean_of(is_within, higher_is_better=True)


def _median() -> Metric:
    def update(prediction, target, mask, weight=None):
        angle = _angle(prediction, target)
        chosen = per_entry(mask, angle)
        nan = jnp.isnan(angle)
        bins = jnp.where(nan, 0, angle * (_BINS / 180)).astype(jnp.int32)
        bins = jnp.clip(bins, 0, _BINS - 1).ravel()
        counts = histogram(bins, counted(chosen, weight), _BINS)
        return {'counts': counts, 'nan': jnp.sum(chosen & nan)}

    def result(sums):
        upto = jnp.cumsum(sums['counts'])
        total = upto[-1]
        if jnp.issubdtype(upto.dtype, jnp.integer):
            middle = jnp.stack([(total - 1) // 2, total // 2])  # the same one where total is odd
            bins = jnp.searchsorted(upto, middle, side='right')
        else:
            sides = ('left', 'right')
            bins = jnp.stack([jnp.searchsorted(upto, total / 2, side=side) for side in sides])
        median = (bins.mean() + 0.5) * (180 / _BINS)
        return jnp.where((sums['nan'] > 0) | (total == 0), jnp.nan, median)

    return Metric(update, result, higher_is_better=False)


def _angle(
    prediction: Shaped[Array | np.ndarray, '*_'], target: Shaped[Array | np.ndarray, '*_']
) -> Float[Array, 'B *_']:
    """The angle in degrees. Unlike an arc cosine, it is also accurate for small angles."""
    if prediction.shape != target.shape or prediction.ndim < 2:
        raise ValueError(
            'Predictions and targets should have one shape [B, ..., dimensions]. '
            f'Found {prediction.shape} and {target.shape}.'
        )
    a, b = _unit(prediction), _unit(target)
    half = jnp.arctan2(jnp.linalg.norm(a - b, axis=-1), jnp.linalg.norm(a + b, axis=-1))
    return jnp.rad2deg(2 * half)


def _unit(x: Shaped[Array | np.ndarray, '*shape']) -> Float[Array, '*shape']:
    """The vector divided by its length; 0 for a vector of length 0."""
    x = jnp.asarray(x, jnp.result_type(jnp.float32, x.dtype))
    largest = jnp.max(abs(x), axis=-1, keepdims=True)
    x = x / divisor(largest)
    length = jnp.linalg.norm(x, axis=-1, keepdims=True)
    return x / divisor(length)
