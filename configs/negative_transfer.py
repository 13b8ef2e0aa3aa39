"""Two tasks in conflict on one small network: how much does sharing cost, and which method helps?

The tasks are click and safety of a generated log (`mtljax.data.ranking_log`). Each label follows a
score, and a sweep changes the angle between the two scores. At 0 degrees they are the same score,
at 90 degrees they are unrelated, and at 180 degrees one is the negative of the other. The shared
trunk ends in one unit, which is enough for one score and not enough for two. Every seed draws new
data, which is the same for all methods.

Single-task networks and soft sharing have one such trunk per task. MMoE mixes four of them. Surgery
changes the gradients of the single trunk of hard sharing.

The width of the trunk was chosen on other seeds (100 to 102) so that the conflict has an effect:
with 2 units, or with 16 units, it has none. The strength of soft sharing was not tuned.

Result: docs/results/negative_transfer.md. The sweep takes 5 minutes on 2 CPU cores that other
programs use too.

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
