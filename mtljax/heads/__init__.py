"""Heads: from features to one task's prediction."""

from mtljax.heads._linear import linear
from mtljax.heads._mlp import mlp

__all__ = ['linear', 'mlp']
