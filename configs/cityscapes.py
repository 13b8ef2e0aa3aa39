"""Cityscapes: segmentation and inverse depth of street scenes, by the published protocols.

The variant ``segnet`` is the default and follows CAGrad and FAMO. The network is a SegNet with the
attention of MTAN (Liu, Johns, Davison, CVPR 2019). It trains for 200 epochs of Adam with batches of
8. The learning rate is 1e-4, and half of that after 100 epochs. The images are zoomed and mirrored
at random.

The variant ``resnet50`` follows the protocol that LibMTL has for NYUv2. The network is a dilated
ResNet-50 with ImageNet weights and a DeepLab head per task. It trains with batches of 8 and weight
decay 1e-5, without augmentation.

Both variants report the mean of the last 10 epochs on the test split, over 3 seeds. The test split
is not used for any choice. One of the 2,975 training scenes is held out, which the published
experiments do not do.

There are these differences from the published code:

- An epoch drops its last incomplete batch.
- The attention of MTAN reads one output of each stage, not two depths of each block.

As in the published code, depth is inverse and is divided by the zoom.

The authors of this file did not run it on the real data, and claim no result. The tests run its
steps on generated files. The table shows the published baseline next to your results.

Data: the folder of MTAN, 7 classes, see `mtljax.data.cityscapes`, as --config.data.path=DIR
Weights: torchvision's resnet50 state_dict() in a file, as --config.backbone.weights=FILE;
without it, the weights are random
Hardware: a GPU with 8 GB or more; this is an estimate, not measured.

Command: python -m experiments.train --config=configs/cityscapes.py --config.data.path=DIR
Table: python -m experiments.compare --config=configs/cityscapes.py --config.data.path=DIR
  --surgery=sum,pcgrad,cagrad,nash_mtl --seeds=3
Variants: configs/cityscapes.py:segnet, :resnet50
"""

from ml_collections import ConfigDict, config_dict

from configs.common import base

_SCENES, _SHAPE = 2974, (128, 256)
_BATCH = 8
_EPOCH = _SCENES // _BATCH
_PUBLISHED = {
    'note': 'The single-task baseline in the code of CAGrad and FAMO, SegNet.',
    'columns': (
        'segmentation mean_iou',
        'segmentation pixel_accuracy',
        'depth mae',
        'depth relative_error',
    ),
    'rows': {'single-task': (0.7401, 0.9316, 0.0125, 27.77)},
}


def get_config(variant: str = 'segnet') -> ConfigDict:
    if variant not in ('segnet', 'resnet50'):
        raise ValueError(
            f'configs/cityscapes.py has the variants segnet, resnet50. Found {variant!r}.'
        )
    rate = {
        'fn': 'optax:exponential_decay',
        'init_value': 1e-4,
        'transition_steps': 100 * _EPOCH,
        'decay_rate': 0.5,
        'staircase': True,
    }
    config = base(
        data={'fn': 'mtljax.data:cityscapes', 'path': 'cityscapes', 'validation': 1 / 2975},
        backbone={'fn': 'mtljax.backbones:segnet'},
        sharing={'fn': 'mtljax.sharing:mtan'},
        optimizer={'fn': 'optax:adam', 'learning_rate': rate},
        train={
            'steps': 200 * _EPOCH,
            'batch_size': _BATCH,
            'eval_batch_size': _BATCH,
            'log_every': _EPOCH,
            'eval_every': _EPOCH,
            'average_last': 10,
        },
    )
    if variant == 'segnet':
        config.train.augment = ConfigDict({'fn': 'mtljax.data:augment_scenes'})
        config.published = ConfigDict(_PUBLISHED)
    else:
        for field, value in _resnet(rate).items():
            config[field] = value
    return config


def _resnet(rate: dict) -> ConfigDict:
    def head(size):
        return {'fn': 'mtljax.heads:deeplab', 'size': size, 'shape': _SHAPE}

    return ConfigDict(
        {
            'backbone': {
                'fn': 'mtljax.backbones:resnet',
                'widths': 50,
                'output_stride': 8,
                'weights': config_dict.placeholder(str),
            },
            'heads': {'segmentation': head(7), 'depth': head(None)},
            'sharing': {'fn': 'mtljax.sharing:hard'},
            'optimizer': {
                'fn': 'optax:chain',
                'args': (
                    {'fn': 'optax:add_decayed_weights', 'weight_decay': 1e-5},
                    {'fn': 'optax:adam', 'learning_rate': rate},
                ),
            },
        }
    )
