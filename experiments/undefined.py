"""Why a table of results shows NaN."""

import math
from collections.abc import Mapping

import jax
import numpy as np

from mtljax import data
from mtljax.base import Dataset, Split
from mtljax.training import Results


def why_nan(results: Mapping[str, Results], dataset: Dataset) -> str:
    """Return a sentence on the metrics that are NaN, or '' if no metric is NaN.

    Args:
      results: The results on some splits, ``{'test': {task: {metric: value}}}``.
      dataset: The data set.

    >>> digits = data.digits(train=4, validation=2, test=1)
    >>> why_nan({'test': {'left': {'loss': 0.5, 'auc': math.nan}}}, digits)
    'NaN: auc of left on the test split, which has one label of this task.'
    """
    found = [
        f'{" and ".join(names)} of {task} on the {name} split, {_reason(split, task)}'
        for name, rows in results.items()
        for split in [getattr(dataset, name)]
        for task, row in rows.items()
        if (names := [metric for metric, value in row.items() if math.isnan(value)])
    ]
    return f'NaN: {"; ".join(found)}.' if found else ''


def _reason(split: Split, task: str) -> str:
    if not isinstance(split, data.ArraySplit):
        return 'whose labels may all be equal'
    mask = np.asarray(split.arrays.mask[task])
    labels = [np.asarray(leaf)[mask] for leaf in jax.tree.leaves(split.arrays.targets[task])]
    count = len(labels[0])
    if count < 2:
        return f'which has {"one" if count else "no"} label of this task'
    if all((each == each[:1]).all() for each in labels):
        return f'where all {count:,} labels are equal'
    return 'whose labels do not define it'
