"""Two tasks that pull one small network apart: what sharing loses, and what wins it back.

The conflict is stated: click and safety of a generated log (`mtljax.data.ranking_log`) follow
scores at an angle that is swept from 0 degrees, one score, over 90, two unrelated ones, to 180,
where one is the other's negative. The trunk ends in one unit, enough for one score and not for two.
Every seed draws data of its own, the same for all methods. Single-task networks, and soft sharing,
have such a trunk per task; MMoE mixes four; surgery changes the gradients of hard sharing's one.

The width was chosen so that the conflict shows, on other seeds (100 to 102): of 16 and 2 units it
does not. The strength of soft sharing is that of a first try.

Result: docs/results/negative_transfer.md; 5 minutes on 2 CPU cores that others use too.

Command: python -m experiments.sweep --config=configs/negative_transfer.py
One angle: python -m experiments.train --config=configs/negative_transfer.py
Variants: none
"""

from ml_collections import ConfigDict

from configs.common import base, select_by

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
    return base(
        fresh_data=True,
        data={
            'fn': 'mtljax.data:ranking_log',
            'train': 20_000,
            'validation': 5_000,
            'test': 20_000,
            'click': 0.3,
            'conflict': 90.0,
            'tasks': ('click', 'safety'),
            'seed': 0,
        },
        backbone={'fn': 'mtljax.backbones:tabular', 'embedding': 4, 'widths': (16, 1)},
        optimizer={'fn': 'optax:adam', 'learning_rate': _RATE},
        select=select_by('auc', higher_is_better=True),
        train={
            'steps': 1_000,
            'batch_size': 256,
            'log_every': 50,
            'eval_every': 50,
        },
        methods={
            'soft': _SOFT,
            'mmoe': {'sharing': {'num_experts': 4, 'start': 1}},
        },
        comparison={
            'sharing': ('hard', 'soft', 'mmoe'),
            'surgery': ('pcgrad', 'cagrad'),
            'crossed': False,
            'seeds': 5,
        },
        sweep={
            'field': 'data.conflict',
            'values': (0.0, 45.0, 90.0, 180.0),
            'quantities': ('auc',),
        },
    )
