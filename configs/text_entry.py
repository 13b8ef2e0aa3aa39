"""Text entry: predict the next word, punctuation and capitals with one small transformer, or three.

This reproduces no published experiment. A causal transformer with 2 layers of width 64 reads up to
32 words in lower case, without punctuation. After each word it predicts three things: the next word
among the 5,000 most frequent ones, the punctuation mark that follows the word, and whether the word
begins with a capital. Hard sharing is compared with single-task models that have the same size,
steps and learning rate. Every model is tested at the step that is best for it on validation. The
learning rate and its warm-up were chosen on validation too.

The data is any text in UTF-8; a long text is better. The results are for the King James Bible,
which has 789,634 words. It comes from two packages of Debian: bible-kjv-text has the compressed
text, and bible-kjv has the program that reads it. Each line of the file is one verse without its
reference. The verses are in the order of the books, so the test split is the end of the New
Testament.

    apt-get download bible-kjv bible-kjv-text
    for package in bible-kjv*.deb; do dpkg -x $package bible; done
    bible/usr/bin/bible -p bible/usr/lib -f gen1:1-rev22:21 < /dev/null > verses.txt
    sed 's/^[^ ]* //' verses.txt > kjv.txt

Results, hardware and time: docs/results/text_entry.md

Command: python -m experiments.train --config=configs/text_entry.py --config.data.path=kjv.txt
Table: python -m experiments.text_entry --config=configs/text_entry.py --config.data.path=kjv.txt
Variants: none
"""

from ml_collections import ConfigDict, FieldReference

from configs.common import base


def get_config(variant: str = '') -> ConfigDict:
    if variant:
        raise ValueError(f'configs/text_entry.py has no variants. Found {variant!r}.')
    steps = FieldReference(800)
    return base(
        data={'fn': 'mtljax.data:text', 'path': '', 'length': 32, 'vocabulary': 5_000},
        backbone={
            'fn': 'mtljax.backbones:transformer',
            'depth': 2,
            'width': 64,
            'num_heads': 4,
        },
        optimizer={
            'fn': 'optax:adamw',
            'weight_decay': 0.01,
            'learning_rate': {
                'fn': 'optax:warmup_cosine_decay_schedule',
                'init_value': 0.0,
                'peak_value': 1e-2,
                'warmup_steps': steps // 10,
                'decay_steps': steps,
            },
        },
        train={
            'steps': steps,
            'batch_size': 32,
            'log_every': 200,
            'eval_every': 200,
            'eval_batch_size': 128,
        },
        comparison={'seeds': 2},
    )
