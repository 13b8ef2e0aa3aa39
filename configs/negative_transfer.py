"""Two tasks that pull one small network apart: what sharing loses, and what wins it back.

The conflict is stated: the two regressions of MMoE's synthetic data (`mtljax.data.mmoe_synthetic`)
with the angle between their directions swept from 0 to 90 degrees, as its cosine. Training data are
few (1,000 rows) and the trunk is narrow (16 units), so that tasks alike have much to give to each
other and tasks at a right angle have to divide the trunk. Every seed draws data of its own, the
same for all methods; all networks have the trunk's width, and the single-task and soft-sharing ones
one trunk per task.

Command: python -m experiments.sweep --config=configs/negative_transfer.py
One angle: python -m experiments.train --config=configs/negative_transfer.py
Variants: none
"""

from ml_collections import ConfigDict

_RATE = 3e-3
_SOFT = {
    'sharing': {'fn': 'mtljax.sharing:soft'},
    'optimizer': {
        'fn': 'optax:chain',
        'args': (
            {'fn': 'mtljax.penalties:l2', 'strength': 0.01},
            {'fn': 'optax:adam', 'learning_rate': _RATE},
        ),
    },
}


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/negative_transfer.py has no variants. Found {variant!r}.')
    return ConfigDict(
        {
            'seed': 0,
            'fresh_data': True,
            'data': {
                'fn': 'mtljax.data:mmoe_synthetic',
                'correlation': 0.0,
                'train': 1_000,
                'validation': 1_000,
                'test': 4_000,
                'dimension': 50,
                'seed': 0,
            },
            'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': (16,)},
            'sharing': {'fn': 'mtljax.sharing:hard'},
            'weighting': {'fn': 'mtljax.weighting:equal'},
            'surgery': {'fn': 'mtljax.surgery:sum'},
            'optimizer': {'fn': 'optax:adam', 'learning_rate': _RATE},
            'select': {
                'fn': 'mtljax.training:select_by',
                'metric': 'mse',
                'higher_is_better': False,
            },
            'train': {
                'steps': 1_500,
                'batch_size': 100,
                'log_every': 50,
                'eval_every': 50,
                'engine': 'auto',
                'micro_batches': 1,
                'parallel': 'jit',
            },
            'methods': {
                'soft': _SOFT,
                'mmoe': {'sharing': {'num_experts': 4}},
            },
            'comparison': {
                'sharing': ('hard', 'soft', 'mmoe'),
                'surgery': ('pcgrad', 'cagrad'),
                'crossed': False,
                'seeds': 10,
            },
            'sweep': {
                'field': 'data.correlation',
                'values': (1.0, 0.7, 0.4, 0.0),
                'quantities': ('mse',),
            },
        }
    )
