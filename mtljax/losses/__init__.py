"""Loss functions that optax does not have, and means of losses over labelled examples."""

from mtljax.losses._boxes import giou_loss, iou_loss
from mtljax.losses._elements import absolute_error, smooth_l1
from mtljax.losses._masked import expand, label_count, labelled, masked_mean, masked_sum

__all__ = [
    'absolute_error',
    'expand',
    'giou_loss',
    'iou_loss',
    'label_count',
    'labelled',
    'masked_mean',
    'masked_sum',
    'smooth_l1',
]
