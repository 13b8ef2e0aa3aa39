"""The demo: one model for four tasks of a generated log, of which one has few labels.

The data is a generated log of 200,000 items that were shown to users. The tasks are: does the user
click, does the user buy (conversion), how long does the user stay (dwell), and is the item safe.
Only 2 % of the labels of conversion are known. The comparison trains one network per task, hard
sharing and MMoE, with three seeds each, and measures how long an answer takes.

This reproduces no published experiment; configs/ranking.py has a larger one on this data.

Command: python -m experiments.compare --config=configs/demo.py
One model: python -m experiments.train --config=configs/demo.py
Variants: none
"""

from ml_collections import ConfigDict

from configs.common import base, select_by


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/demo.py has no variants. Found {variant!r}.')
    return base(
        data={
            'fn': 'mtljax.data:ranking_log',
            'train': 200_000,
            'validation': 20_000,
            'test': 50_000,
            'labels': {'conversion': 0.02},
            'seed': 0,
        },
        backbone={'fn': 'mtljax.backbones:tabular', 'embedding': 8, 'widths': (256, 64)},
        optimizer={'fn': 'optax:adam', 'learning_rate': 5e-3},
        select=select_by('auc', higher_is_better=True),
        train={'steps': 2000, 'batch_size': 256, 'log_every': 100, 'eval_every': 100},
        methods={
            'mmoe': {'backbone': {'widths': (64,)}, 'sharing': {'num_experts': 4, 'start': 1}}
        },
        comparison={'sharing': ('hard', 'mmoe'), 'seeds': 3, 'latency': True},
    )
