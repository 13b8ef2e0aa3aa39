"""The numeric options of backbones and heads.

The networks are built but not run, because other tests run them.
"""

from mtljax import backbones, heads
from tests.numeric_options import Case, accept, each

_SIZES = each()
_DROPOUT = {'dropout': accept(0)}
_SIZE = {'size': accept(None)}
_SHAPE = {'shape': each(alone=[None], of=lambda value: [4, value])}
_CHANNELS = each(0, -1, 2.5, alone=[0, -1, 2.5], of=lambda value: [value] * 3)


def _built(modules):
    """Return nothing: a network has no numbers before its first parameters are drawn."""


def _network(fn, options, **given):
    return Case(fn, options, given, _built)


CASES = [
    _network(backbones.efficientnet_lite0, {'width': accept(2.5), 'drop': accept(0)}),
    _network(
        backbones.lenet, {'features': _SIZES, 'kernel': _SIZES, 'width': accept()}, features=[4]
    ),
    _network(backbones.mlp, {'widths': _SIZES, **_DROPOUT}),
    _network(
        backbones.on_images,
        {
            'stages': accept(None),
            'size': each(alone=[None], of=lambda value: [8, value]),
            'mean': _CHANNELS,
            'deviation': each(2.5, alone=[2.5], of=lambda value: [value] * 3),
        },
        backbone=backbones.lenet(),
    ),
    _network(
        backbones.resnet,
        {
            'widths': _SIZES,
            'blocks': each(alone=[None]),
            'groups': accept(),
            'output_stride': accept(None),
        },
        widths=[8],
    ),
    _network(
        backbones.segnet,
        {'widths': _SIZES, 'depths': _SIZES, 'groups': accept()},
        widths=[8],
        depths=[1],
    ),
    _network(
        backbones.tabular,
        {
            'cardinalities': _SIZES,
            'numeric': accept(0),
            'embedding': _SIZES,
            'widths': _SIZES,
            **_DROPOUT,
        },
        cardinalities=[3],
    ),
    _network(
        backbones.transformer,
        dict.fromkeys(('depth', 'width', 'num_heads', 'max_length', 'mlp_ratio'), accept())
        | dict.fromkeys(('vocabulary', 'patch'), accept(None))
        | _DROPOUT,
    ),
    _network(backbones.unet, {'widths': _SIZES, 'groups': accept()}, widths=[8]),
    _network(heads.box, {'widths': _SIZES, **_DROPOUT}),
    _network(heads.deeplab, {'width': accept(), 'rates': _SIZES, **_SIZE, **_SHAPE, **_DROPOUT}),
    _network(heads.linear, _SIZE),
    _network(heads.mlp, {'widths': _SIZES, **_SIZE, **_DROPOUT}, widths=[4]),
    _network(heads.pixel, {'widths': _SIZES, **_SIZE, **_SHAPE}),
    _network(heads.token, _SIZE),
]
