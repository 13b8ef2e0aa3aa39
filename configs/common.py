"""Parts that the configs share: hard sharing, equal weights and the plain sum.

Your own config does not need this file: it may contain all fields itself.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

_AFTER = ('methods', 'comparison', 'sweep', 'published', 'forecast')


def base(*, train: Mapping[str, Any], **changes: Any) -> ConfigDict:
    """Return a config: hard sharing, equal weights, plain sum, and selection by the mean loss.

    Args:
      train: The options of training; see `train_options`.
      **changes: The other fields. They replace the fields above or add new ones.
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
    """Choose the step with the best mean of ``metric`` on the validation split."""
    fn = 'mtljax.training:select_by'
    return {'fn': fn, 'metric': metric, 'higher_is_better': higher_is_better}


def train_options(**options: Any) -> dict[str, Any]:
    """Return training options (see `mtljax.training.Options`) with the defaults of all configs."""
    defaults = {'engine': 'auto', 'micro_batches': 1, 'parallel': 'jit'}
    return options | {name: value for name, value in defaults.items() if name not in options}
