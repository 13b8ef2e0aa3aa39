"""Two overlapping pieces of clothing: are balancing methods better than plain sums?

This is MultiFashion by the recipe of Sener & Koltun (NeurIPS 2018): 16,000 composed images of 28x28
pixels. A LeNet trains for ten epochs of Adam. All methods have the same learning rate, which was
chosen on validation. Every method differs from the plain sum of the losses in one point. A tuned
sum is also compared: it has the best of five constant weights on validation.

The variants follow published protocols with all of their data and 100 epochs. They need a GPU.
``sener`` is MultiMNIST, as the first author of Sener & Koltun describes it. As in the network of
the authors, the dropout after the second convolution drops whole channels too. ``pmtl`` is the
protocol of Lin et al., NeurIPS 2019, with images of 36x36 pixels and twice as many images.

Result (docs/results/multi_fashion.md): no method beats the plain sum beyond noise. The comparison
takes 28 minutes on 2 CPU cores. One seed of ``sener`` takes 5 minutes on one H100. ``pmtl`` was not
run to its end.

Data: python -m experiments.data fetch fashion_mnist (and mnist, for ``sener``)
Table: python -m experiments.compare --config=configs/multi_fashion.py
Command: python -m experiments.train --config=configs/multi_fashion.py
Variants: configs/multi_fashion.py:sener, :pmtl
"""

from ml_collections import ConfigDict

from configs.common import base, select_by, train_options

_PUBLISHED_EPOCHS = 100


def get_config(variant: str = '') -> ConfigDict:
    config = base(
        data={
            'fn': 'mtljax.data:multi_mnist',
            'path': None,
            'kind': 'fashion',
            'recipe': 'sener',
            'train': 16_000,
            'validation': 4_000,
            'test': 10_000,
        },
        backbone={
            'fn': 'mtljax.backbones:lenet',
            'features': (10, 20),
            'kernel': (5, 5),
            'padding': 'VALID',
            'width': 50,
        },
        optimizer={'fn': 'optax:adam', 'learning_rate': 1e-2},
        select=select_by('accuracy', higher_is_better=True),
        train=_steps(16_000, 10, batch_size=256),
        comparison={
            'weighting': ('equal', 'uncertainty'),
            'surgery': ('gradnorm', 'mgda', 'pcgrad', 'cagrad', 'nash_mtl'),
            'crossed': False,
            'tune': True,
            'seeds': 3,
        },
    )
    match variant:
        case '':
            pass
        case 'sener':
            config.data.update(kind='mnist', train=54_000, validation=6_000)
            config.train = _steps(54_000, _PUBLISHED_EPOCHS, batch_size=256)
            config.optimizer = _momentum(0.05, 0.85, every=10 * config.train.eval_every)
            head = {'fn': 'mtljax.heads:mlp', 'widths': (50,), 'size': 10, 'dropout': 0.5}
            config.heads = ConfigDict({'left': head, 'right': dict(head)})
        case 'pmtl':
            config.data.update(recipe='pmtl', train=108_000, validation=12_000, test=20_000)
            config.backbone.kernel = (9, 5)
            config.train = _steps(108_000, _PUBLISHED_EPOCHS, batch_size=256)
            config.optimizer = _momentum(1e-3, 0.5, every=15 * config.train.eval_every)
        case _:
            raise ValueError(
                f'configs/multi_fashion.py has the variants sener and pmtl. Found {variant!r}.'
            )
    return config


def _steps(examples: int, epochs: int, *, batch_size: int) -> ConfigDict:
    epoch = examples // batch_size
    return train_options(
        steps=epochs * epoch, batch_size=batch_size, log_every=epoch, eval_every=epoch
    )


def _momentum(rate: float, factor: float, *, every: int) -> ConfigDict:
    return ConfigDict(
        {
            'fn': 'optax:sgd',
            'momentum': 0.9,
            'learning_rate': {
                'fn': 'optax:exponential_decay',
                'init_value': rate,
                'transition_steps': every,
                'decay_rate': factor,
                'staircase': True,
            },
        }
    )
