"""Runs of a comparison, each kept in a file of its own as soon as it is done."""

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from experiments import _build, _program
from experiments._cells import Cell
from experiments._version import code_version
from mtljax import analysis, data, training, trees
from mtljax.base import Dataset
from mtljax.training import NonFiniteLossError, Result, write_text


class Run(NamedTuple):
    """What is kept of one seed of a cell."""

    method: str
    variant: str
    task: str | None
    seed: int
    score: float
    best_step: int
    steps: int
    validation: dict[str, dict[str, float]]
    test: dict[str, dict[str, float]]
    parameters: int
    seconds: float
    together: int
    mixing: dict[str, list[list[float]]]
    history: list[dict[str, Any]]
    devices: list[str]
    code: str
    error: str


class Runs:
    """The runs of a folder: what is there is read, what is missing is trained.

    Args:
      folder: where every run has its file.
      dataset: ``(data spec) -> Dataset``.
    """

    def __init__(self, folder: Path, dataset: Callable[[Any], Dataset]):
        self._folder, self._dataset = folder, dataset
        folder.mkdir(parents=True, exist_ok=True)

    def build(self, cell: Cell) -> _build.Setup:
        """Everything that a cell trains."""
        dataset = self._dataset(cell.config.data)
        if cell.task is None:
            return _build.setup(cell.config, dataset)
        alone = data.only(dataset, cell.task, batch_size=cell.config.train.batch_size)
        built = _build.setup(cell.config, alone)
        return built._replace(options=built.options | {'select': _select(built)})

    def train(self, cell: Cell, seeds: Sequence[int], title: str) -> list[Run]:
        """The runs of all seeds; each is written as soon as it is done, and never trained again."""
        missing = [seed for seed in seeds if not self._path(cell, seed).exists()]
        if missing:
            for run in self._run(cell, missing, title):
                write_text(self._path(cell, run.seed), json.dumps(run._asdict()))
        return [self._read(cell, seed) for seed in seeds]

    def done(self, cell: Cell, seeds: Sequence[int]) -> int:
        """How many of the seeds are there."""
        return sum(self._path(cell, seed).exists() for seed in seeds)

    def _read(self, cell: Cell, seed: int) -> Run:
        path = self._path(cell, seed)
        try:
            return Run(**json.loads(path.read_text()))
        except (TypeError, ValueError) as error:
            raise _program.UsageError(f'{path} is no run: {error}. Remove it.') from error

    def _path(self, cell: Cell, seed: int) -> Path:
        config = json.loads(cell.config.to_json())
        for field in ('seed', 'published', 'methods'):
            config.pop(field, None)
        question = json.dumps([config, cell.task, seed], sort_keys=True)
        digest = hashlib.sha256(question.encode()).hexdigest()[:12]
        words = [cell.method, cell.task or '', cell.variant, f'seed {seed}']
        name = re.sub(r'[^\w.]+', '-', ' '.join(filter(None, words)))
        return self._folder / f'{name}-{digest}.json'

    def _run(self, cell: Cell, seeds: Sequence[int], title: str):
        built = self.build(cell)
        together, reason = _build.fits_together(built, seeds)
        if len(seeds) > 1:
            how = 'in one program' if together else 'one after the other'
            _program.console.print(f'{title}: {len(seeds)} seeds {how} ({reason})')
        groups = [seeds] if together else [[seed] for seed in seeds]
        while groups:
            group, *groups = groups
            label = title if len(group) > 1 else f'{title}, seed {group[0]}'
            begin = time.perf_counter()
            try:
                results = _build.train_seeds(built, group, label)
            except NonFiniteLossError as error:
                if len(group) > 1:  # find out which
                    groups = [[seed] for seed in group]
                    continue
                _program.console.print(f'{label}: {error}')
                yield _failed(cell, built, group[0], str(error), time.perf_counter() - begin)
                continue
            for seed, result in zip(group, results, strict=True):
                yield _kept(cell, built, seed, result, len(group))


def _select(built: _build.Setup):
    """The config's choice; by the loss for a task that lacks its metric."""
    ones = {
        name: dict.fromkeys(['loss', *task.metrics], 1.0)
        for name, task in built.dataset.tasks.items()
    }
    try:
        built.options['select'](ones)
    except ValueError:
        return training.select_by()
    return built.options['select']


def _kept(cell: Cell, built: _build.Setup, seed: int, result: Result, together: int) -> Run:
    steps = int(result.state.step)
    return Run(
        **_common(cell, seed),
        score=built.options['select'](result.validation),
        best_step=result.best_step,
        steps=steps,
        validation=result.validation,
        test=result.test,
        parameters=trees.count(result.best.params),
        seconds=steps / result.steps_per_second,
        together=together,
        mixing=analysis.mixing(built.model.tasks, result.best.params, result.best.state),
        history=result.history,
        error='',
    )


def _failed(cell: Cell, built: _build.Setup, seed: int, error: str, seconds: float) -> Run:
    """A run whose loss was not finite: it counts, with NaN for every metric."""
    nothing = {
        name: dict.fromkeys(['loss', *task.metrics], math.nan)
        for name, task in built.dataset.tasks.items()
    }
    example = built.dataset.train.example
    shapes = jax.eval_shape(built.model.init, jax.random.key(0), example.inputs)
    return Run(
        **_common(cell, seed),
        score=-math.inf,
        best_step=0,
        steps=0,
        validation=nothing,
        test=nothing,
        parameters=trees.count(shapes[0]),
        seconds=seconds,
        together=1,
        mixing={},
        history=[],
        error=error,
    )


def _common(cell: Cell, seed: int) -> dict[str, Any]:
    return {
        'method': cell.method,
        'variant': cell.variant,
        'task': cell.task,
        'seed': seed,
        'devices': [device.device_kind for device in jax.devices()],
        'code': code_version(),
    }


def chosen(runs: Sequence[Run]) -> list[Run]:
    """Of every method, and every single task, the runs of the variant with the best validation.

    The mean score over seeds decides; test results are not looked at.
    """
    groups: dict[tuple[str, str | None], dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run.method, run.task), {}).setdefault(run.variant, []).append(run)
    best = []
    for variants in groups.values():
        best += max(variants.values(), key=lambda own: sum(run.score for run in own) / len(own))
    return best


def records(runs: Sequence[Run]) -> list[analysis.Record]:
    """One record per method and seed; the runs of single tasks are put together."""
    found: dict[tuple[str, int], analysis.Record] = {}
    for run in runs:
        before = found.get((run.method, run.seed))
        record = analysis.Record(run.method, run.seed, run.test, run.parameters, run.seconds)
        if before is not None:
            record = record._replace(
                test=before.test | run.test,
                parameters=before.parameters + run.parameters,
                seconds=before.seconds + run.seconds,
            )
        found[run.method, run.seed] = record
    return list(found.values())


def histories(runs: Sequence[Run]) -> Mapping[str, list[list[dict[str, Any]]]]:
    """The logged rows of each method's runs."""
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for run in runs:
        found.setdefault(run.method, []).append(run.history)
    return found
