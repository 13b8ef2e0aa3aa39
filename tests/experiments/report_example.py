"""A comparison without training, for the tests of its page."""

import math

import numpy as np
import optax

from experiments.compare import report
from experiments.compare.methods import BASELINE
from experiments.compare.page import page_of
from experiments.compare.run import Run
from experiments.show import Table
from mtljax import heads, metrics, training
from mtljax.base import Task

STRANGER = '<img src=x onerror="document.title=1">&\'"</script><script>document.title=2</script>'
NAMES = ('click', 'conversion', 'dwell time on the page', 'safe')
METHODS = (BASELINE, 'hard', 'hard + pcgrad', 'mmoe', 'cross_stitch', 'hard + gradnorm')


def tasks_of(names=NAMES):
    """Tasks of which the third one has an error, and the others an AUC."""
    auc, error = {'auc': metrics.auc()}, {'mae': metrics.mae()}
    return {
        name: Task(heads.linear(), optax.squared_error, error if at == 2 else auc)
        for at, name in enumerate(names)
    }


def runs_of(names=NAMES, methods=METHODS, seeds=3, steps=20):
    """Runs whose results are drawn; the last method is far worse than the others."""
    rng = np.random.default_rng(0)
    runs = []
    for at, method in enumerate(methods):
        for seed in range(seeds):
            for only in [[name] for name in names] if method == BASELINE else [list(names)]:
                runs.append(_run(rng, method, seed, only, names, at, steps))
    return runs


def _run(rng, method, seed, only, names, at, steps):
    far = 0.2 if at == 5 else 0.0
    test = {}
    for name in only:
        value = 0.8 + 0.004 * at - far + rng.normal(0, 0.003)
        test[name] = {'mae': 2 - value} if name == names[2] else {'auc': value}
    log = [_row(rng, test, names, at, step, steps) for step in range(1, steps + 1)]
    load = rng.dirichlet(np.ones(4), len(names)).round(4).tolist()
    unit = (np.eye(len(names)) - 0.1).round(4).tolist()
    return Run(
        method=method,
        variant='',
        task=only[0] if method == BASELINE else None,
        seed=seed,
        score=sum(next(iter(row.values())) for row in test.values()),
        best_step=1800,
        steps=100 * steps,
        validation=test,
        test=test,
        parameters=27_473 + 1000 * at,
        seconds=12.5 + at,
        together=1,
        mixing={3: {'gates': load}, 4: {'units 0': unit}}.get(at, {}),
        history=log,
        devices=['cpu'],
        code='mtljax 0.1.0 (abc), jax 0.10.2',
        error='',
    )


def _row(rng, test, names, at, step, steps):
    row = {'step': 100 * step}
    for name, results in test.items():
        for metric, value in results.items():
            way = math.exp(-6 * step / steps)
            row[f'validation/{name}/{metric}'] = value + (1 if metric == 'mae' else -0.3) * way
    if at == 2:
        for place, stage in enumerate(['all', 'stage0', 'stage1', 'stage2']):
            for i, one in enumerate(names):
                for j, other in enumerate(names[i + 1 :]):
                    value = 0.5 - 0.2 * place - 0.15 * j + rng.normal(0, 0.1)
                    row[f'cosine/{stage}/{one}~{other}'] = float(np.clip(value, -1, 1))
            row[f'cosine/{stage}'], row[f'conflicting/{stage}'] = 0.1, 0.25
    if at == 3:
        row |= {f'gate_entropy/gates/{name}': 1 - 0.5 * step / steps for name in names}
    return row


def example_page(workdir, names=NAMES, methods=METHODS, config=None, title='demo', **more):
    """The page of these runs."""
    runs, tasks = runs_of(names, methods, **more), tasks_of(names)
    columns = ['model', 'parameters', '1 row: ms', 'relative', '64 rows: ms', 'relative']
    times = [
        ['hard', '28,473', '0.31', '1.00', '0.52', '1.00'],
        [BASELINE, '109,892', '1.20', '3.91', '2.01', '3.88'],
    ]
    theirs = {'note': 'from a paper', 'rows': {'theirs': {f'{names[0]} auc': 0.79}}}
    select = training.select_by('auc', higher_is_better=True)
    found = report.report(runs, tasks, report.published_table(theirs), select)
    found = found._replace(title=title, latency=Table(columns, times))
    config = config or {'data': {'fn': 'mtljax.data:ranking_log', 'train': 200000}, 'seed': 0}
    commands = ['python -m experiments.predict --workdir=runs/demo/best/seed-0 --input=rows.csv']
    return page_of(found, runs, tasks, config, workdir, commands)
