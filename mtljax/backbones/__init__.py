"""Backbones: each returns a tuple of stages, so that every sharing scheme works on every one.

Beside its features a stage may pass skips to later stages, as `mtljax.module.WithSkips`; units
between stages act on the features only. The last stage returns the features.

With ``weights=`` a backbone starts from a PyTorch checkpoint, which is read without PyTorch: both
formats of ``torch.save``, a dict of tensors or one under ``'state_dict'`` or ``'model'``, with or
without ``'module.'`` before each name. No code in the file is run. To freeze stages, use
``module.freeze(backbone, ['stage0', ...])``; batch statistics of frozen stages do not change.
"""

from mtljax.backbones._efficientnet_lite0 import efficientnet_lite0
from mtljax.backbones._lenet import lenet
from mtljax.backbones._mlp import mlp
from mtljax.backbones._on_images import on_images
from mtljax.backbones._resnet import resnet
from mtljax.backbones._segnet import segnet
from mtljax.backbones._tabular import tabular
from mtljax.backbones._transformer import transformer
from mtljax.backbones._unet import unet

__all__ = [
    'efficientnet_lite0',
    'lenet',
    'mlp',
    'on_images',
    'resnet',
    'segnet',
    'tabular',
    'transformer',
    'unet',
]
