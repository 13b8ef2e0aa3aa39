"""Loss balancing: weights of the losses, chosen before gradients are taken.

Every weighting keeps these rules. A task without a label in the batch gets weight 0. Its loss is
never read, and it does not change the other weights. Weights are constants to autodiff. They have
the dtype of the losses, float32 at least; states have the default float dtype.
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
