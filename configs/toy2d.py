"""Two losses with a known Pareto front: which methods reach the front, and where?

This reproduces the toy experiments of three papers: CAGrad (Liu et al., NeurIPS 2021; the default
variant), Nash-MTL (Navon et al., ICML 2022) and FAMO (Liu et al., NeurIPS 2023). Each has the
starting points, steps, scales and clipping of its authors. The variant ``front`` is the concave
front of Pareto MTL (Lin et al., NeurIPS 2019).

These are the results in float64:

- ``cagrad``: CAGrad ends at the least mean loss, (-15.0916, -15.0916), from all three starts.
  Gradient descent on the mean loss does so from one start. MGDA and PCGrad end anywhere on the
  front.
- ``nash``: MGDA, Nash-MTL, IMTL-G and FAMO reach the front from all five starts, and PCGrad from
  four. The plain sum and random weights reach it from three. CAGrad reaches it from three or four,
  depending on rounding. Uncertainty weights never reach it.
- ``famo``: all methods reach the front from all five starts, except the plain sum, which reaches it
  from three.
- ``front``: 96 % of random linear weights end at an extreme of the front. MGDA ends in the middle.
  Smooth Tchebycheff ends within 2 degrees of each of its ten rays.

The method ``mgda`` is exact. ``mgda_as_published`` has the constants of the published code, which
move it along the front. In the code of CAGrad, 1e-8 is added to a denominator. In the code of
Nash-MTL and FAMO, the weights stay in [0.001, 0.999].

Each variant takes 10 to 25 s on 2 CPU cores. Most of this time is imports, compilation and the
figure: a method takes 0.01 to 2.1 s for all steps from all starts.

Command: python -m experiments.toy --config=configs/toy2d.py
Variants: configs/toy2d.py:cagrad, :nash, :famo, :front
"""

from ml_collections import ConfigDict


def get_config(variant: str = '') -> ConfigDict:
    match variant:
        case '' | 'cagrad':
            config = _cagrad()
        case 'nash':
            config = _nash()
        case 'famo':
            config = _famo()
        case 'front':
            config = _front()
        case _:
            raise ValueError(
                'configs/toy2d.py has the variants cagrad, nash, famo and front. '
                f'Found {variant!r}.'
            )
    methods = ConfigDict(config['methods'], sort_keys=False)  # the order of the table
    return ConfigDict({'seed': 0, 'dtype': 'float64'} | config | {'methods': methods})


def _cagrad():
    return {
        'problem': {'fn': 'experiments.toy.problems:valley', 'scale': 1.0},
        'starts': ((-8.5, 7.5), (-8.5, -5.0), (9.0, 9.0)),
        'steps': 100_000,
        'keep_every': 250,
        'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
        'methods': {
            'gd': _method('mean'),
            'mgda': _method('mgda'),
            'mgda_as_published': _method(_published_mgda(epsilon=1e-8)),
            'pcgrad': _method(_rescaled('pcgrad', 'mean')),
            'cagrad': _method('cagrad', c=0.5, rescale='1+c'),
        },
    }


def _nash():
    methods = _seven_methods()
    methods['famo']['clip'] = 1.0  # the authors' class clips, whatever the script does
    methods |= {
        'uw': _method('sum', weighting=_weighting('uncertainty')),
        'rlw': _method('sum', weighting=_weighting('random')),
    }
    return _five_starts(35_000, 100, methods)


def _famo():
    methods = {name: method | {'clip': 1.0} for name, method in _seven_methods().items()}
    return _five_starts(50_000, 125, methods)


def _five_starts(steps, keep_every, methods):
    return {
        'problem': {'fn': 'experiments.toy.problems:valley', 'scale': 0.1},
        'starts': ((-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0)),
        'steps': steps,
        'keep_every': keep_every,
        'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
        'methods': methods,
    }


def _seven_methods():
    """Return seven methods at the scale of the sum, as in the code of Nash-MTL and FAMO."""
    famo = _weighting('famo', weight_decay=0.0, min_losses=(-2.1, -21.0))
    return {
        'ls': _method('sum'),
        'mgda': _method(_rescaled('mgda', 'sum')),
        'mgda_as_published': _method(_rescaled(_published_mgda(least=1e-3), 'sum')),
        'pcgrad': _method('pcgrad'),
        'cagrad': _method(_rescaled('cagrad', 'sum', c=0.4, rescale='1+c^2')),
        'nash_mtl': _method('nash_mtl', max_norm=1.0),
        'imtl_g': _method('imtl_g'),
        'famo': _method('sum', weighting=famo),
    }


def _front():
    num = 100
    starts = {'low': -0.5, 'high': 0.5, 'size': 20, 'num': num, 'seed': 0}
    shares = {'fn': 'experiments.toy.preferences:random_shares', 'num': num, 'seed': 1}
    rays = {'fn': 'experiments.toy.preferences:rays', 'num': 10, 'repeat': num // 10}
    toward = {'fn': 'experiments.toy.preferences:toward', 'rays': rays}
    smooth_maximum = _weighting('stch', smoothing=0.01)
    return {
        'problem': {'fn': 'experiments.toy.problems:fonseca', 'size': 20},
        'starts': {'fn': 'experiments.toy.problems:box'} | starts,
        'steps': 1000,
        'keep_every': 5,
        # In total as long as the paper's 100 steps of 1, which make a sharp maximum oscillate.
        'optimizer': {'fn': 'optax:sgd', 'learning_rate': 0.1},
        'methods': {
            'linear': _method('sum', weighting=_weighting('constant'), each=shares),
            'mgda': _method('mgda'),
            'stch': _method('sum', weighting=smooth_maximum, each=toward, aim=rays),
        },
    }


def _method(surgery, *, weighting=None, clip=None, each=None, aim=None, **options):
    """Return a method; ``surgery`` is a name or a spec, ``each`` and ``aim`` a row per start."""
    return {
        'weighting': weighting or _weighting('equal'),
        'surgery': surgery if isinstance(surgery, dict) else _surgery(surgery, **options),
        'clip': clip,
        'each': each,
        'aim': aim,
    }


def _weighting(name, **options):
    return {'fn': f'mtljax.weighting:{name}'} | options


def _surgery(name, **options):
    return {'fn': f'mtljax.surgery:{name}'} | options


def _rescaled(method, to, **options):
    method = method if isinstance(method, dict) else _surgery(method, **options)
    return _surgery('rescale', method=method, to=to)


def _published_mgda(**options):
    return {'fn': 'experiments.toy.published:mgda'} | options
