"""Eleven properties of small molecules: balancing methods on descriptors.

The tasks, units and split are those of QM9 in Nash-MTL (Navon et al., ICML 2022). Training uses
20,000 of the training molecules for 15 epochs. It reads descriptors of a molecule instead of its
graph. The errors are therefore larger than the published ones: these come from a message-passing
network that trained for 300 epochs on 110,831 molecules.

Result (docs/results/qm9.md): the mean change of the error against eleven single-task networks.

plain sum     +30 %
PCGrad        +25 %
MGDA          +15 %
CAGrad        +13 %
uncertainty   +2.5 %
Nash-MTL      +0.7 %
GradNorm      +195 %

The comparison takes 21 minutes on 2 CPU cores that other programs use too.

Data: python -m experiments.data fetch qm9
Table: python -m experiments.compare --config=configs/qm9.py
Command: python -m experiments.train --config=configs/qm9.py
Variants: none
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base

_TRAIN, _BATCH = 20_000, 128
_EPOCH = _TRAIN // _BATCH


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/qm9.py has no variants. Found {variant!r}.')
    steps = FieldReference(15 * _EPOCH)
    return base(
        data={'fn': 'mtljax.data:qm9', 'path': None, 'train': _TRAIN, 'seed': 0},
        backbone={'fn': 'mtljax.backbones:mlp', 'widths': (256, 256, 256)},
        optimizer={
            'fn': 'optax:adam',
            'learning_rate': {
                'fn': 'optax:cosine_decay_schedule',
                'init_value': 3e-3,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': _BATCH,
            'log_every': _EPOCH,
            'eval_every': _EPOCH,
        },
        comparison={
            'weighting': ('equal', 'uncertainty'),
            'surgery': ('gradnorm', 'mgda', 'pcgrad', 'cagrad', 'nash_mtl'),
            'crossed': False,
            'tune': True,
            'seeds': 3,
        },
    )
