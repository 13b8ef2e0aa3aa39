"""A table of your own: predict several of its columns from the others.

This reproduces no published experiment. All columns except the targets are inputs. The type of a
column follows from its cells. With --config.data.verbose=True, the program prints the type of each
column.

10,000 rows with three targets take 20 s on 2 CPU cores that other programs use too.

Command: python -m experiments.train --config=configs/csv.py --config.data.path=houses.csv
--config.data.targets=price,sold
Variants: none
"""

from ml_collections import ConfigDict, FieldReference, config_dict

from configs.common import base

_GATED = ('mmoe', 'omoe', 'dselect_k', 'cgc', 'ple', 'adatt')


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/csv.py has no variants. Found {variant!r}.')
    steps = FieldReference(2000)
    return base(
        data={
            'fn': 'mtljax.data:csv',
            'path': '',
            'targets': (),
            'columns': (),
            'drop': (),
            'numeric': (),
            'categorical': (),
            'hashed': (),
            'dates': (),
            'log': (),
            'quantile': (),
            'most_categories': 10_000,
            'missing': ('', 'NA', 'N/A', 'n/a', 'nan', 'NaN', 'NULL', 'null', 'None', '?'),
            'decimal': '.',
            'thousands': '',
            'delimiter': ',',
            'encoding': 'utf-8',
            'validation': 0.1,
            'test': 0.2,
            'seed': 0,
            'stratify': True,
            'time': '',
            'group': '',
            'weight': '',
            'stream': config_dict.placeholder(bool),
            'window': 1 << 19,
            'verbose': False,
        },
        backbone={
            'fn': 'mtljax.backbones:tabular',
            'embedding': 4,
            'widths': (128, 64),
            'dropout': 0.1,
        },
        optimizer={
            'fn': 'optax:adamw',
            'weight_decay': 0.01,
            'learning_rate': {
                'fn': 'optax:cosine_decay_schedule',
                'init_value': 2e-3,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': 64,
            'log_every': 100,
            'eval_every': 100,
        },
        methods={key: {'sharing': {'start': 1}} for key in _GATED},
    )
