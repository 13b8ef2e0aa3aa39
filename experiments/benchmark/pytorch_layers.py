"""PyTorch layers with the parameters of layers of mtljax."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.benchmark import pytorch


def trunk_module(stages: Mapping[str, Any]) -> Any:
    """Return a trunk of convolutions and dense layers, each with a ReLU."""
    nn, layers, size = pytorch.library().nn, [], None
    for stage in stages.values():
        ((kind, leaves),) = stage.items()
        if kind.startswith('Conv'):
            layers += [*([] if layers else [nn.Unflatten(1, (1, -1))])]
            layers += [_convolution(leaves), nn.ReLU(), nn.MaxPool2d(2)]
            size = leaves['kernel'].shape[-1]
        else:
            layers += [nn.Flatten()] if size else []
            layers += [dense_module({kind: _channels_first(leaves, size)}), nn.ReLU()]
            size = None
    return nn.Sequential(*layers)


def _channels_first(leaves, channels: int | None):
    """Reorder the rows of a dense kernel for images with the channels first."""
    if channels is None:
        return leaves
    kernel = np.asarray(leaves['kernel'])
    side = round((kernel.shape[0] / channels) ** 0.5)
    rows = kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3)
    return {**leaves, 'kernel': rows.reshape(kernel.shape)}


def _convolution(leaves):
    kernel = np.asarray(leaves['kernel']).transpose(3, 2, 0, 1)
    layer = pytorch.library().nn.Conv2d(*kernel.shape[1::-1], kernel.shape[-1], padding='same')
    return _filled(layer, kernel, leaves['bias'])


def dense_module(stage: Mapping[str, Any]) -> Any:
    """Return a dense layer."""
    (leaves,) = stage.values()
    kernel = np.asarray(leaves['kernel']).T
    return _filled(pytorch.library().nn.Linear(*kernel.shape[::-1]), kernel, leaves['bias'])


def _filled(layer, kernel, bias):
    layer.load_state_dict({'weight': pytorch.tensor(kernel), 'bias': pytorch.tensor(bias)})
    return layer.to(pytorch.device())
