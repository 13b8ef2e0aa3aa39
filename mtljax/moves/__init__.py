"""Functions that start a model of one sharing scheme from a trained model of another scheme."""

from mtljax.moves._between import Move, between, targets
from mtljax.moves._hard_to_branched import hard_to_branched
from mtljax.moves._hard_to_cross_stitch import hard_to_cross_stitch
from mtljax.moves._hard_to_grouped import hard_to_grouped
from mtljax.moves._hard_to_mmoe import hard_to_mmoe
from mtljax.moves._hard_to_soft import hard_to_soft
from mtljax.moves._single_to_cross_stitch import single_to_cross_stitch
from mtljax.moves._soft_to_hard import soft_to_hard

__all__ = [
    'Move',
    'between',
    'hard_to_branched',
    'hard_to_cross_stitch',
    'hard_to_grouped',
    'hard_to_mmoe',
    'hard_to_soft',
    'single_to_cross_stitch',
    'soft_to_hard',
    'targets',
]
