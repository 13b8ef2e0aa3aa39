"""Seven generated tasks whose groups are known: does experiments.advise find them?

This reproduces no published experiment. Two groups of three tasks agree at seven of eight stages,
and disagree at one. A seventh task is unrelated. The variant is the seed of the tasks, which also
chooses the stage, from the second to the seventh. The variants with ``,all`` have a comparison of
all methods, and ``grouped`` has the true groups there.

Advice: python -m experiments.advise --config=configs/planted.py:0 --budget=3m
Command: python -m experiments.train --config=configs/planted.py:0
Table: python -m experiments.compare --config=configs/planted.py:0,all
Variants: configs/planted.py:SEED and configs/planted.py:SEED,all
"""

from typing import Any

from ml_collections import ConfigDict, FieldReference

from configs.common import base

_COMPARISON = {
    'sharing': ('hard', 'grouped', 'mmoe', 'cgc', 'cross_stitch', 'independent'),
    'weighting': ('uncertainty',),
    'surgery': ('pcgrad', 'cagrad', 'nash_mtl', 'imtl_g'),
    'crossed': False,
    'seeds': 5,
}


def get_config(variant: str = '') -> ConfigDict:
    seed, _, rest = (variant or '0').partition(',')
    if not seed.isdecimal() or rest not in ('', 'all'):
        raise ValueError(
            f'configs/planted.py has a seed as its variant, such as 3, or 3,all. Found {variant!r}.'
        )
    steps = FieldReference(600)
    config = base(
        data={
            'fn': 'experiments.advise.planted:planted',
            'seed': int(seed),
            'train': 1_000,
            'validation': 1_000,
            'test': 2_000,
        },
        backbone={'fn': 'experiments.advise.planted:backbone', 'width': 4},
        optimizer={
            'fn': 'optax:adam',
            'learning_rate': {
                'fn': 'optax:cosine_decay_schedule',
                'init_value': 3e-3,
                'decay_steps': steps,
            },
        },
        train={'steps': steps, 'batch_size': 256, 'log_every': 75, 'eval_every': 75},
    )
    if rest:
        config.methods = ConfigDict(_methods(int(seed)))
        config.comparison = ConfigDict(_COMPARISON)
    return config


def _methods(seed: int) -> dict[str, Any]:
    groups = (('a1', 'a2', 'a3'), ('b1', 'b2', 'b3'), ('c',))
    mixtures = {'mmoe': {'num_experts': 4, 'start': 1}, 'cgc': {'start': 1}}
    schemes = {'grouped': {'groups': groups, 'at': 1 + seed % 6}, **mixtures}
    return {name: {'sharing': options} for name, options in schemes.items()}
