"""Heads: modules that compute the prediction of one task from the features."""

from mtljax.heads._box import box
from mtljax.heads._deeplab import deeplab
from mtljax.heads._linear import linear
from mtljax.heads._mlp import mlp
from mtljax.heads._pixel import pixel
from mtljax.heads._token import token

__all__ = ['box', 'deeplab', 'linear', 'mlp', 'pixel', 'token']
