"""Backbones: networks that compute features. A backbone is a tuple of modules, its stages.

Every sharing scheme works with every backbone. Some schemes put units between the stages, for
example to mix the features of the tasks.

Besides its features, a stage may return skip connections for later stages; see
`mtljax.module.WithSkips`. Units between the stages act on the features only. The last stage returns
features without skip connections.

With the option ``weights``, `resnet` and `efficientnet_lite0` start from a PyTorch checkpoint.
PyTorch is not needed to read the file, and no code in the file is run. Both file formats of
``torch.save`` can be read. The file should hold a dict of tensors. This dict may also be the entry
``'state_dict'`` or ``'model'`` of another dict. The prefix ``'module.'`` in the names of tensors is
ignored.

To freeze stages, use ``module.freeze(backbone, ['stage0', ...])``. The batch statistics of frozen
stages do not change.
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
