"""Four tasks on one backbone: the nearest object, its place, a mask of digits, and depth.

Reproduces nothing published. The tasks are classification, detection, segmentation and depth of one
image, as in UberNet (Kokkinos, CVPR 2017). The scenes have exact targets, and a laptop learns them
in minutes. ``branched`` also finds the boundaries of objects, a low-level task, after the first
stage.

Measured on the test split. The constant prediction is the frequencies or the mean of the training
labels, pixel by pixel, and is not tuned to a metric. The command below prints both:

                              constant    scenes    branched
    class   accuracy             0.075     0.833    0.836
    box     IoU                  0.278     0.718    0.711
    mask    mean IoU             0.453     0.878    0.878
    depth   mean abs. error      0.905     0.574    0.574
    edges   F1                   0.000         -    0.935

Hardware and time: 2 CPU cores that other programs use too; 7 min, branched 8 min.

Command: python -m experiments.train --config=configs/scenes.py
Variants: configs/scenes.py:branched
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base


def get_config(variant: str = '') -> ConfigDict:
    steps = FieldReference(1500)
    config = base(
        data={
            'fn': 'mtljax.data:scenes',
            'train': 8_000,
            'validation': 1_000,
            'test': 2_000,
            'tasks': ('class', 'box', 'mask', 'depth'),
        },
        backbone={
            'fn': 'mtljax.backbones:resnet',
            'widths': (8, 16, 32),
            'blocks': (1, 1, 1),
        },
        optimizer={
            'fn': 'optax:adamw',
            'weight_decay': 0.01,
            'learning_rate': {
                'fn': 'optax:warmup_cosine_decay_schedule',
                'init_value': 0.0,
                'peak_value': 4e-3,
                'warmup_steps': steps // 10,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': 64,
            'log_every': 50,
            'eval_every': 250,
        },
    )
    match variant:
        case '':
            pass
        case 'branched':
            config.data.tasks = ('class', 'box', 'mask', 'depth', 'edges')
            config.sharing = ConfigDict({'fn': 'mtljax.sharing:branched', 'at': {'edges': 1}})
        case _:
            raise ValueError(f'configs/scenes.py has the variant branched. Found {variant!r}.')
    return config
