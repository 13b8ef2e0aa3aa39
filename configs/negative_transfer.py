"""Two tasks that pull one small network apart: what sharing loses, and what wins it back.

The conflict is stated: the two regressions of MMoE's synthetic data (`mtljax.data.mmoe_synthetic`)
with the cosine of their directions swept from 1, the same direction, to 0, a right angle. The trunk
is so narrow, 4 units, that tasks at a right angle have to divide it. Every seed draws data of its
own, the same for all methods. Single-task networks, and soft sharing, have such a trunk per task;
MMoE mixes four of them; surgery changes the gradients of hard sharing's one.

Chosen by the validation error of eight other seeds (100 to 107) at cosines 1 and 0: the learning
rate from 3e-3 and 1e-2 (the same for all methods was best), the strength of soft sharing from
0.001, 0.01 and 0.1; before, trunks of 16 units, too wide for any conflict.

Command: python -m experiments.sweep --config=configs/negative_transfer.py
One angle: python -m experiments.train --config=configs/negative_transfer.py
Variants: none
"""

from ml_collections import ConfigDict

_RATE = 1e-2
_SOFT = {
    'sharing': {'fn': 'mtljax.sharing:soft'},
    'optimizer': {
        'fn': 'optax:chain',
        'args': (
            {'fn': 'mtljax.penalties:l2', 'strength': 0.001},
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
                'train': 4_000,
                'validation': 1_000,
                'test': 4_000,
                'dimension': 50,
                'seed': 0,
            },
            'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': (4,)},
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
                'steps': 1_600,
                'batch_size': 100,
                'log_every': 40,
                'eval_every': 40,
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
