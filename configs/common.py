"""The parts that configs share: hard sharing, equal weights and the plain sum.

A config of your own needs no part of this file: it may write all fields out.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

_AFTER = ('methods', 'comparison', 'sweep', 'published', 'forecast')


def base(*, train: Mapping[str, Any], **changes: Any) -> ConfigDict:
    """A config with hard sharing, equal weights, the plain sum and selection by the mean loss.

    Args:
      train: The options of training; see `train_options`.
      **changes: The other fields. They replace or extend those above.
    """
    learning = {
        'sharing': {'fn': 'mtljax.sharing:hard'},
        'weighting': {'fn': 'mtljax.weighting:equal'},
        'surgery': {'fn': 'mtljax.surgery:sum'},
        'optimizer': None,
        'select': select_by('loss', higher_is_better=False),
    }
    learning |= {name: changes.pop(name) for name in learning if name in changes}
    after = {name: changes.pop(name) for name in [*changes] if name in _AFTER}
    return ConfigDict({'seed': 0} | changes | learning | {'train': train_options(**train)} | after)


def select_by(metric: str, *, higher_is_better: bool) -> dict[str, Any]:
    """The best step is the one with the best mean of ``metric`` on validation."""
    fn = 'mtljax.training:select_by'
    return {'fn': fn, 'metric': metric, 'higher_is_better': higher_is_better}


def train_options(**options: Any) -> dict[str, Any]:
    """The options of training, see `mtljax.training.Options`, with the defaults of all configs."""
    defaults = {'engine': 'auto', 'micro_batches': 1, 'parallel': 'jit'}
    return options | {name: value for name, value in defaults.items() if name not in options}
