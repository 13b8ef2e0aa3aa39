"""Loss weighting: methods that choose the weight of each task's loss in every step.

A weighting reads the losses of a step, but not the gradients. Training then uses the gradients of
the weighted losses.

All weightings follow these rules:

- A task without a label in the batch gets weight 0. Its loss is never read and does not change the
  weights of the other tasks.
- Autodiff treats the weights as constants.
- The weights have the dtype of the losses, but at least float32. The arrays in the state of a
  weighting have the default float dtype of JAX.
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
