"""Backbones: each returns a tuple of stages, so that every sharing scheme works on every one."""

from mtljax.backbones._lenet import lenet
from mtljax.backbones._mlp import mlp
from mtljax.backbones._resnet import resnet
from mtljax.backbones._tabular import tabular
from mtljax.backbones._transformer import transformer

__all__ = ['lenet', 'mlp', 'resnet', 'tabular', 'transformer']
