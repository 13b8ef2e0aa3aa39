"""L[k, t] is the loss of task t in step k, read where active[k][t]; weights are 0 elsewhere."""

from tests.weighting.oracles._constant import constant
from tests.weighting.oracles._dwa import dwa
from tests.weighting.oracles._equal import equal
from tests.weighting.oracles._famo import famo
from tests.weighting.oracles._geometric import geometric
from tests.weighting.oracles._imtl_l import imtl_l
from tests.weighting.oracles._inverse_initial import inverse_initial
from tests.weighting.oracles._random import random
from tests.weighting.oracles._scale_invariant import scale_invariant
from tests.weighting.oracles._stch import stch
from tests.weighting.oracles._uncertainty import uncertainty

__all__ = [
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
