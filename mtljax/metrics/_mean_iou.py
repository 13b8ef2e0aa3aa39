"""The intersection over union in segmentation."""

import jax.numpy as jnp

from mtljax._numeric import divide
from mtljax.base import Metric
from mtljax.losses import expand
from mtljax.metrics._counted import counted, histogram
from mtljax.options import check_count


def mean_iou(classes: int) -> Metric:
    """The mean over classes of the intersection over union, for segmentation.

    For one class, the intersection over union is ``|predicted & true| / |predicted | true|``, where
    ``|...|`` is the number of pixels in the whole split. A class is left out of the mean if no
    pixel has it as prediction or as label. A pixel is ignored if its label is outside
    ``0, ..., classes - 1``. The result is NaN if the logit of any other pixel is NaN.

    Predictions are logits ``[B, ..., classes]``, and targets are class numbers ``[B, ...]``. For
    two classes, predictions may also be logits ``[B, ...]``, which are positive for class 1.

    Args:
      classes: The number of classes.

    Raises:
      ValueError: There are fewer than two classes. ``update`` raises this error if the shapes of
        predictions and targets do not fit each other.

    >>> metric = mean_iou(2)
    >>> logits, labels = jnp.array([[2.0, -1.0, 3.0, -4.0]]), jnp.array([[1, 0, 0, 0]])
    >>> metric.result(metric.update(logits, labels, jnp.ones(1, bool))).item()
    0.583...
    """
    check_count('classes', classes, 2)

    def update(prediction, target, mask, weight=None):
        predicted = _classes(prediction, target, classes)
        true = jnp.asarray(target).astype(jnp.int32)  # class indices may be stored as int8
        chosen = expand(mask, true) & (true >= 0) & (true < classes)
        cell = jnp.where(chosen, true * classes + predicted, 0).ravel()
        counts = histogram(cell, counted(chosen, weight), classes**2)
        nan = jnp.isnan(prediction).reshape(*true.shape, -1).any(-1)
        return {'confusion': counts.reshape(classes, classes), 'nan': jnp.sum(chosen & nan)}

    def result(sums):
        confusion = sums['confusion']
        both = jnp.diagonal(confusion)
        either = confusion.sum(0) + confusion.sum(1) - both
        present = either > 0
        ratios = divide(both, either)
        return jnp.where(sums['nan'] > 0, jnp.nan, ratios.sum() / present.sum())

    return Metric(update, result, higher_is_better=True)


def _classes(prediction, target, classes):
    if prediction.shape == (*target.shape, classes):
        return prediction.argmax(-1)
    if prediction.shape == target.shape and classes == 2:
        return prediction > 0
    raise ValueError(
        f'mean_iou({classes}) expects logits {(*target.shape, classes)} for targets of shape '
        f'{target.shape}{", or one logit each" if classes == 2 else ""}. Found {prediction.shape}.'
    )
