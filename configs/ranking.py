"""Ranking with sparse labels: does a task with few labels gain from the other task?

The data is a generated log of 500,000 impressions with the tasks click and conversion. A conversion
can only happen after a click. The sweep uses all, 10 % or 1 % of the training labels of conversion.
A single-task network trains on the impressions that have a label for its task. It trains for as
many steps as the other models. The parameters of the step with the best validation are tested.

The variant ``movielens`` predicts the rating of a film, and whether the user likes the film.

Result: docs/results/ranking.md. The sweep takes 14 minutes on 2 CPU cores that other programs use
too.

Command: python -m experiments.sweep --config=configs/ranking.py
One share: python -m experiments.train --config=configs/ranking.py
Variants: configs/ranking.py:movielens
"""

from ml_collections import ConfigDict

from configs.common import base, select_by, train_options

_TRAIN, _BATCH, _EPOCHS = 500_000, 1024, 3
_RATINGS = 80_000
_EXPERTS = {'backbone': {'widths': (64,)}, 'sharing': {'num_experts': 4, 'start': 1}}


def get_config(variant: str = '') -> ConfigDict:
    if variant not in ('', 'movielens'):
        raise ValueError(f'configs/ranking.py has the variant movielens. Found {variant!r}.')
    config = base(
        data={
            'fn': 'mtljax.data:ranking_log',
            'train': _TRAIN,
            'validation': 50_000,
            'test': 100_000,
            'labels': {'conversion': 1.0},
            'tasks': ('click', 'conversion'),
            'seed': 0,
        },
        backbone={'fn': 'mtljax.backbones:tabular', 'embedding': 8, 'widths': (128, 64)},
        optimizer={'fn': 'optax:adam', 'learning_rate': 1e-3},
        select=select_by('auc', higher_is_better=True),
        train=_steps(_TRAIN * _EPOCHS // _BATCH, _BATCH),
        methods={'mmoe': _EXPERTS, 'aitm': {'sharing': {'start': 1}}},
        comparison={'sharing': ('hard', 'mmoe', 'esmm', 'aitm'), 'seeds': 3},
        sweep={
            'field': 'data.labels.conversion',
            'values': (1.0, 0.1, 0.01),
            'quantities': ('conversion auc',),
        },
    )
    if variant == 'movielens':
        config.data = ConfigDict({'fn': 'mtljax.data:movielens', 'path': None, 'seed': 0})
        config.train = _steps(_RATINGS * 10 // _BATCH, _BATCH)
        config.comparison.sharing = ('hard', 'mmoe')
        config.select.update(metric='loss', higher_is_better=False)
        del config.sweep
    return config


def _steps(steps: int, batch_size: int) -> ConfigDict:
    return train_options(
        steps=steps, batch_size=batch_size, log_every=steps // 15, eval_every=steps // 15
    )
