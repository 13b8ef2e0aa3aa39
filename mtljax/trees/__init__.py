"""Functions that split, merge, stack and count trees of parameters."""

from mtljax._renamed import renamed as _renamed
from mtljax.trees._count import count
from mtljax.trees._paths import path_name, paths
from mtljax.trees._select import Where, merge, partition, select
from mtljax.trees._stack import row, set_row, stack, unstack

__all__ = [
    'Where',
    'count',
    'merge',
    'partition',
    'path_name',
    'paths',
    'row',
    'select',
    'set_row',
    'stack',
    'unstack',
]

_MOVES = ('hard_to_mmoe', 'hard_to_soft', 'single_to_cross_stitch', 'soft_to_hard')
__getattr__ = _renamed(__name__, {name: f'mtljax.moves:{name}' for name in _MOVES})
