"""Loss balancing: weights of the losses before anything is differentiated."""

from mtljax.weighting._constant import constant
from mtljax.weighting._equal import equal

__all__ = ['constant', 'equal']
