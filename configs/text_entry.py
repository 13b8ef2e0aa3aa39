"""Text entry: the next word, punctuation and capitals from one small transformer.

Command: python -m experiments.train --config=configs/text_entry.py --config.data.path=bible.txt
Variants: none
"""

from ml_collections import ConfigDict, FieldReference


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/text_entry.py has no variants. Found {variant!r}.')
    steps = FieldReference(1_000)
    return ConfigDict(
        {
            'seed': 0,
            'data': {'fn': 'mtljax.data:text', 'path': '', 'length': 32, 'vocabulary': 5_000},
            'backbone': {
                'fn': 'mtljax.backbones:transformer',
                'depth': 2,
                'width': 64,
                'num_heads': 4,
            },
            'sharing': {'fn': 'mtljax.sharing:hard'},
            'weighting': {'fn': 'mtljax.weighting:equal'},
            'surgery': {'fn': 'mtljax.surgery:sum'},
            'optimizer': {
                'fn': 'optax:adamw',
                'weight_decay': 0.01,
                'learning_rate': {
                    'fn': 'optax:cosine_decay_schedule',
                    'init_value': 3e-3,
                    'decay_steps': steps,
                },
            },
            'select': {
                'fn': 'mtljax.training:select_by',
                'metric': 'loss',
                'higher_is_better': False,
            },
            'train': {
                'steps': steps,
                'batch_size': 32,
                'log_every': 200,
                'eval_every': 200,
                'eval_batch_size': 128,
                'engine': 'auto',
                'micro_batches': 1,
                'parallel': 'jit',
            },
            'comparison': {'seeds': 2},
        }
    )
