"""Configs for parts of an advise: shorter, watched, or for some tasks only."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from mtljax.base import Task

_SELECT = 'mtljax.training:select_by'
_LENGTHS = ('steps', 'log_every', 'eval_every')
_ROWS, _MEASUREMENTS = 40, 200


def shortened(config: ConfigDict, share: float) -> ConfigDict:
    """Return a config with a share of the steps. Fields that refer to the steps follow.

    >>> train = {'steps': 100, 'log_every': 5, 'eval_every': 10}
    >>> shortened(ConfigDict({'train': train}), 0.25).train.to_dict()
    {'eval_every': 2, 'log_every': 1, 'steps': 25}
    """
    short = copy.deepcopy(config)
    lengths = {name: short.train.get(name) for name in _LENGTHS}
    scaled = {name: max(1, round(share * length)) for name, length in lengths.items() if length}
    if {'log_every', 'eval_every'} <= scaled.keys():  # the one is a multiple of the other
        every = scaled['log_every']
        scaled['eval_every'] = every * max(1, round(scaled['eval_every'] / every))
    with short.unlocked():
        for name, length in scaled.items():
            short.train[name] = length
    return short


def watched(config: ConfigDict, share: float) -> ConfigDict:
    """Return a config that measures the angles between task gradients, often enough for means.

    Args:
      config: The config of a whole training.
      share: The share of the steps that will be trained.
    """
    changed = copy.deepcopy(config)
    steps = round(share * config.train.steps)
    with changed.unlocked():
        changed.surgery = ConfigDict(
            {
                'fn': 'mtljax.surgery:watch',
                'args': (config.surgery.to_dict(),),
                'every': max(1, steps // _MEASUREMENTS),
            }
        )
        changed.train.log_every = max(1, round(steps / share) // _ROWS)
        if changed.train.get('engine', 'auto') == 'auto':
            changed.train.engine = 'batched'  # it holds the gradients of each stage
    return changed


def of_tasks(config: ConfigDict, tasks: Mapping[str, Task], chosen: Sequence[str]) -> ConfigDict:
    """Return a config that trains some tasks only: the losses of the others have the weight 0.

    The step with the best validation of the chosen tasks is kept.
    """
    changed = config.copy_and_resolve_references()
    weights = {task: float(task in chosen) for task in tasks}
    select = {'fn': _SELECT, 'metric': 'loss', 'higher_is_better': False}
    metric = changed.select.get('metric', '')
    if changed.select.fn == _SELECT and all(metric in task.metrics for task in tasks.values()):
        select |= changed.select.to_dict()
    with changed.unlocked():
        changed.weighting = ConfigDict(
            {'fn': 'mtljax.weighting:constant', 'weights': tuple(weights.values())}
        )
        changed.select = ConfigDict({**select, 'weights': weights})
    return changed


def with_sharing(config: ConfigDict, scheme: str, **options: Any) -> ConfigDict:
    """Return a config with another sharing scheme."""
    changed = copy.deepcopy(config)
    with changed.unlocked():
        changed.sharing = ConfigDict({'fn': f'mtljax.sharing:{scheme}', **options})
    return changed
