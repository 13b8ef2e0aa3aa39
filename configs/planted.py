"""Seven generated tasks whose groups are known: does experiments.advise find them?

This reproduces no published experiment. Two groups of three tasks agree at seven of eight stages,
and disagree at one. A seventh task is unrelated. The variant is the seed of the tasks, which also
chooses the stage, from the second to the seventh.

Command: python -m experiments.advise --config=configs/planted.py:0 --budget=3m
Variants: configs/planted.py:SEED, such as configs/planted.py:3
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base


def get_config(variant: str = '0') -> ConfigDict:
    if not variant.isdecimal():
        raise ValueError(
            f'configs/planted.py has a seed as its variant, such as 3. Found {variant!r}.'
        )
    steps = FieldReference(600)
    return base(
        data={
            'fn': 'experiments.advise.planted:planted',
            'seed': int(variant),
            'train': 2_000,
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
        train={'steps': steps, 'batch_size': 128, 'log_every': 75, 'eval_every': 75},
    )
