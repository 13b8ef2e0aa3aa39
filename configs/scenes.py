"""Four tasks on one backbone: classify and locate the nearest object, and predict a mask and depth.

This reproduces no published experiment. Classification, detection, segmentation and depth of one
image are also tasks of UberNet (Kokkinos, CVPR 2017). The scenes are generated, so the targets are
exact. A laptop learns them in minutes. In the variant ``branched``, the network also finds the
boundaries of the objects. This low-level task leaves the backbone after the first stage.

The following table has the results on the test split. The constant prediction is the mean or the
class frequencies of the training labels, for each pixel separately. It is not tuned to a metric.
The command below prints both:

                              constant    scenes    branched
    class   accuracy             0.075     0.833    0.836
    box     IoU                  0.278     0.718    0.711
    mask    mean IoU             0.453     0.878    0.878
    depth   mean abs. error      0.905     0.574    0.574
    edges   F1                   0.000         -    0.935

Training takes 7 minutes on 2 CPU cores that other programs use too, and 8 minutes with
``branched``.

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
