"""Data sets: tasks and their train, validation and test splits."""

from mtljax.data._arrays import arrays
from mtljax.data._augment_scenes import augment_scenes
from mtljax.data._celeba import celeba
from mtljax.data._cityscapes import cityscapes
from mtljax.data._digits import digits
from mtljax.data._file_split import FileSplit
from mtljax.data._mmoe_synthetic import mmoe_synthetic
from mtljax.data._multi_mnist import multi_mnist
from mtljax.data._nyuv2 import nyuv2
from mtljax.data._office import office
from mtljax.data._only import only
from mtljax.data._order import batch_indices
from mtljax.data._scenes import scenes
from mtljax.data._split import ArraySplit, array_split
from mtljax.data._text import text

__all__ = [
    'ArraySplit',
    'FileSplit',
    'array_split',
    'arrays',
    'augment_scenes',
    'batch_indices',
    'celeba',
    'cityscapes',
    'digits',
    'mmoe_synthetic',
    'multi_mnist',
    'nyuv2',
    'office',
    'only',
    'scenes',
    'text',
]
