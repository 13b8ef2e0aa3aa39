"""Two overlapping handwritten digits: hard sharing on the digits that come with scikit-learn.

This reproduces no published experiment. It follows the recipe of MultiMNIST (Sener & Koltun,
NeurIPS 2018), but is so small that a laptop trains it in seconds.

Command: python -m experiments.train --config=configs/digits.py
Variants: configs/digits.py:independent, :pcgrad, :branched, :lenet
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base, select_by

_BRANCHED = {'at': {'left': 1}}


def get_config(variant: str = '') -> ConfigDict:
    steps = FieldReference(1500)
    config = base(
        data={
            'fn': 'mtljax.data:digits',
            'train': 20_000,
            'validation': 2_000,
            'test': 4_000,
        },
        backbone={'fn': 'mtljax.backbones:mlp', 'widths': (256, 256), 'dropout': 0.2},
        optimizer={
            'fn': 'optax:adamw',
            'weight_decay': 0.01,
            'learning_rate': {
                'fn': 'optax:cosine_decay_schedule',
                'init_value': 2e-3,
                'decay_steps': steps,
            },
        },
        select=select_by('accuracy', higher_is_better=True),
        train={
            'steps': steps,
            'batch_size': 256,
            'log_every': 100,
            'eval_every': 100,
        },
        methods={'branched': {'sharing': _BRANCHED}},
    )
    match variant:
        case '':
            pass
        case 'independent':
            config.sharing.fn = 'mtljax.sharing:independent'
        case 'pcgrad':
            config.surgery.fn = 'mtljax.surgery:pcgrad'
        case 'branched':
            config.sharing = ConfigDict({'fn': 'mtljax.sharing:branched', **_BRANCHED})
        case 'lenet':
            config.backbone = ConfigDict({'fn': 'mtljax.backbones:lenet', 'features': (16, 32)})
        case _:
            raise ValueError(
                f'configs/digits.py has the variants independent, pcgrad, branched and lenet. '
                f'Found {variant!r}.'
            )
    return config
