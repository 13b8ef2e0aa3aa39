"""Records of trainings that never ran, for the choice of an advise."""

import optax

from experiments.compare.run import Run
from mtljax import Task, heads, metrics

TASKS = {
    'a': Task(heads.linear(), optax.squared_error, {'rmse': metrics.rmse()}),
    'b': Task(heads.linear(), optax.sigmoid_binary_cross_entropy, {'auc': metrics.auc()}),
}


def run(method, seed, a, b, *, parameters=10, error='', task=None, history=()):
    """A run with an error of task a and an AUC of task b, the same on all splits."""
    results = {'a': {'loss': 1.0, 'rmse': a}, 'b': {'loss': 1.0, 'auc': b}}
    kept = {name: row for name, row in results.items() if task in (None, name)}
    return Run(
        method=method,
        variant='',
        task=task,
        seed=seed,
        score=0.0,
        best_step=1,
        steps=1,
        validation=kept,
        test=kept,
        parameters=parameters,
        seconds=1.0,
        together=1,
        mixing={},
        history=list(history),
        devices=['cpu'],
        code='',
        error=error,
    )


def alone(seeds=(0,), a=1.0, b=0.5):
    """The runs of both single tasks."""
    return [run('single-task', seed, a, b, task=task) for task in TASKS for seed in seeds]
