"""Functions that make a `Module` from a Flax module or from other modules.

A backbone is a tuple of modules, its stages.
"""

from mtljax.module._fan_out import fan_out
from mtljax.module._freeze import freeze
from mtljax.module._linen import from_linen
from mtljax.module._multitask import multitask
from mtljax.module._nnx import from_nnx
from mtljax.module._remat import remat
from mtljax.module._serial import serial
from mtljax.module._shapes import output_shape, shapes, split_key
from mtljax.module._skips import WithSkips, features_of, on_features, with_features
from mtljax.module._stack import stack
from mtljax.module._wire import wire

__all__ = [
    'WithSkips',
    'fan_out',
    'features_of',
    'freeze',
    'from_linen',
    'from_nnx',
    'multitask',
    'on_features',
    'output_shape',
    'remat',
    'serial',
    'shapes',
    'split_key',
    'stack',
    'wire',
    'with_features',
]
