"""The rows of a log: one per chunk of steps, and one per evaluation."""

import numpy as np

from mtljax.training._evaluate import Results
from mtljax.training._runner import Infos


def mean_losses(infos: Infos) -> dict[str, float]:
    """Return the mean loss of each task over the steps in which it had a label.

    A task without any label is left out.
    """
    return _active_means(infos, 'loss')


def _active_means(infos: Infos, name: str) -> dict[str, float]:
    active = infos['active']
    return {
        task: float(values[active[task]].mean())
        for task, values in infos[name].items()
        if active[task].any()
    }


def mean_row(infos: Infos) -> dict[str, float]:
    """Return the row of a chunk: mean losses, weights, and the share of steps with a label.

    Mean norms of the gradients follow if the steps have computed them, and what a watch measured.
    """
    means = {'loss': mean_losses(infos)}
    means |= {name: _averages(infos[name]) for name in ('weight', 'active')}
    means |= {'gradient': _active_means(infos, 'gradient')} if 'gradient' in infos else {}
    row = {f'{name}/{task}': value for name, row in means.items() for task, value in row.items()}
    return row | _measured_means(infos.get('conflict', {}))


def _measured_means(row) -> dict[str, float]:
    """Return the means over the steps with a measurement."""
    there = {name: values[~np.isnan(values)] for name, values in row.items()}
    return {
        name: float(values.mean(dtype=np.float64)) for name, values in there.items() if values.size
    }


def _averages(row) -> dict[str, float]:
    return {task: float(np.mean(values)) for task, values in row.items()}


def validation_row(results: Results) -> dict[str, float]:
    """Return the row of an evaluation."""
    return {
        f'validation/{task}/{name}': value
        for task, row in results.items()
        for name, value in row.items()
    }
