"""Intersection over union of boxes."""

from mtljax.base import Metric
from mtljax.losses import iou_loss
from mtljax.metrics._mean_of import mean_of


def box_iou() -> Metric:
    """The mean intersection over union of predicted and true boxes.

    Predictions and targets are boxes ``[B, ..., 4]``: centre x, centre y, width and height. The IoU
    of two empty boxes is 0.

    >>> import jax.numpy as jnp
    >>> metric, target = box_iou(), jnp.array([[0.5, 0.5, 0.5, 0.5]])
    >>> prediction = jnp.array([[0.5, 0.5, 0.5, 0.25]])
    >>> metric.result(metric.update(prediction, target, jnp.ones(1, bool))).item()
    0.5
    """

    def overlap(prediction, target):
        return 1 - iou_loss(prediction, target)

    return mean_of(overlap, higher_is_better=True)
