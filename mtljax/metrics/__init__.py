"""Metrics of predictions, and the comparison of results with a baseline.

A metric is a `mtljax.Metric`: a function that computes sums for a batch, and a function that
computes the result from the sums of all batches and devices.
"""

from mtljax.metrics._accuracy import accuracy, binary_accuracy
from mtljax.metrics._angles import angle_error, angle_within
from mtljax.metrics._auc import auc
from mtljax.metrics._box_iou import box_iou
from mtljax.metrics._delta_m import delta_m
from mtljax.metrics._errors import endpoint_error, mae, mape, rmse, wape
from mtljax.metrics._f1 import f1
from mtljax.metrics._mean_iou import mean_iou
from mtljax.metrics._mean_of import mean_of
from mtljax.metrics._relative_error import relative_error

__all__ = [
    'accuracy',
    'angle_error',
    'angle_within',
    'auc',
    'binary_accuracy',
    'box_iou',
    'delta_m',
    'endpoint_error',
    'f1',
    'mae',
    'mape',
    'mean_iou',
    'mean_of',
    'relative_error',
    'rmse',
    'wape',
]
