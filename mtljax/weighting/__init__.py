"""Loss weighting: methods that choose the weight of each task's loss in every step.

A weighting reads the losses, not the gradients. Training then takes the gradient of the weighted
sum of the losses.

All weightings follow these rules:

- A task is active if it has a label in the batch. Other tasks get weight 0. Their losses are never
  read, and they do not change the weights of the active tasks.
- Autodiff treats the weights as constants.
- The weights have the dtype of the losses, but at least float32. States have the default float
  dtype.
"""

from mtljax.weighting._chain import chain
from mtljax.weighting._constant import constant
from mtljax.weighting._dwa import dwa
from mtljax.weighting._equal import equal
from mtljax.weighting._famo import famo
from mtljax.weighting._geometric import geometric
from mtljax.weighting._imtl_l import imtl_l
from mtljax.weighting._inverse_initial import inverse_initial
from mtljax.weighting._random import random
from mtljax.weighting._scale_invariant import scale_invariant
from mtljax.weighting._stch import stch
from mtljax.weighting._uncertainty import uncertainty

__all__ = [
    'chain',
    'constant',
    'dwa',
    'equal',
    'famo',
    'geometric',
    'imtl_l',
    'inverse_initial',
    'random',
    'scale_invariant',
    'stch',
    'uncertainty',
]
