"""Penalties that keep parallel copies similar, as functions and as optax transforms."""

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
