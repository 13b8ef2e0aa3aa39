"""Backbones: each returns a tuple of stages, so that every sharing scheme works on every one."""

from mtljax.backbones._lenet import lenet
from mtljax.backbones._mlp import mlp

__all__ = ['lenet', 'mlp']
