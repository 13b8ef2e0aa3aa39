"""Trees of parameters: taken apart, stacked, counted; moved from one sharing scheme to another."""

from mtljax.trees._count import count
from mtljax.trees._hard_to_mmoe import hard_to_mmoe
from mtljax.trees._hard_to_soft import hard_to_soft
from mtljax.trees._select import Where, merge, partition, select
from mtljax.trees._single_to_cross_stitch import single_to_cross_stitch
from mtljax.trees._soft_to_hard import soft_to_hard
from mtljax.trees._stack import row, set_row, stack, unstack

__all__ = [
    'Where',
    'count',
    'hard_to_mmoe',
    'hard_to_soft',
    'merge',
    'partition',
    'row',
    'select',
    'set_row',
    'single_to_cross_stitch',
    'soft_to_hard',
    'stack',
    'unstack',
]
