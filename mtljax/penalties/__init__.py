"""Penalties on the weights of towers, as optax transforms.

A tower is one task's copy of the network. In soft sharing, every task has a tower, and a penalty
keeps the towers similar.
"""

from mtljax.penalties._frobenius import frobenius
from mtljax.penalties._l2 import l2
from mtljax.penalties._orthogonality import orthogonality
from mtljax.penalties._penalty import Penalty
from mtljax.penalties._tensor_normal import TensorNormalState, tensor_normal
from mtljax.penalties._trace_norm import trace_norm

__all__ = [
    'Penalty',
    'TensorNormalState',
    'frobenius',
    'l2',
    'orthogonality',
    'tensor_normal',
    'trace_norm',
]
