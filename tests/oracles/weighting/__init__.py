"""L[k, t] is the loss of task t in step k, read where active[k][t]; weights are 0 elsewhere."""

from tests.oracles.weighting._constant import constant
from tests.oracles.weighting._dwa import dwa
from tests.oracles.weighting._equal import equal
from tests.oracles.weighting._famo import famo
from tests.oracles.weighting._geometric import geometric
from tests.oracles.weighting._imtl_l import imtl_l
from tests.oracles.weighting._inverse_initial import inverse_initial
from tests.oracles.weighting._random import random
from tests.oracles.weighting._scale_invariant import scale_invariant
from tests.oracles.weighting._stch import stch
from tests.oracles.weighting._uncertainty import uncertainty

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
