"""Runs of a comparison, each kept in a file of its own as soon as it is done."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare.methods import Cell
from experiments.version import code_version
from mtljax import analysis, data, training
from mtljax.base import Batch, Dataset, Split
from mtljax.files import write_text
from mtljax.training import NonFiniteLossError, Result

_EXAMPLES = 64


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
        self._marks: dict[int, str] = {}
        self._ready: dict[str, build.Prepared] = {}

    def setup(self, cell: Cell) -> build.Setup:
        """Everything that a cell trains.

        Raises:
          UsageError: what does not fit.
        """
        ready = self._prepared(cell.config)
        if cell.task is None:
            return build.setup(cell.config, ready)
        try:
            alone = data.only(ready.dataset, cell.task, batch_size=cell.config.train.batch_size)
        except ValueError as error:
            raise program.UsageError(str(error)) from error
        built = build.setup(cell.config, ready._replace(dataset=alone))
        return built._replace(options=built.options | {'select': _select(built)})

    def _prepared(self, config: ConfigDict) -> build.Prepared:
        """Data and backbone; frozen stages run once for all cells."""
        question = ConfigDict(build.prepared_by(config)).to_json(sort_keys=True)
        if question not in self._ready:
            self._ready[question] = build.prepare(config, self._dataset(config.data))
        return self._ready[question]

    def there(self, cell: Cell, seeds: Sequence[int]) -> int:
        """How many of the seeds are there."""
        return sum(self._path(cell, seed).exists() for seed in seeds)

    def check(self, cell: Cell, seeds: Sequence[int]) -> None:
        """See that a cell fits, and that what is there of it can be read.

        Raises:
          UsageError: what does not fit, or a file that is no run.
        """
        built = self.setup(cell)
        there = [seed for seed in seeds if self._path(cell, seed).exists()]
        for seed in there:
            self._read(cell, seed, built)
        if len(there) < len(seeds):
            build.check(built)

    def train(self, cell: Cell, seeds: Sequence[int], title: str) -> list[Run]:
        """The runs of all seeds; what is trained is written at once, and never trained again."""
        missing = [seed for seed in seeds if not self._path(cell, seed).exists()]
        built = self.setup(cell)
        if missing:
            self._folder.mkdir(parents=True, exist_ok=True)
            for run in self._run(cell, built, missing, title):
                write_text(self._path(cell, run.seed), json.dumps(run._asdict()))
        return [self._read(cell, seed, built) for seed in seeds]

    def _read(self, cell: Cell, seed: int, built: build.Setup) -> Run:
        path = self._path(cell, seed)
        try:
            run = Run(**json.loads(path.read_text()))
        except (TypeError, ValueError) as error:
            raise program.UsageError(f'{path} is no run: {error}. Remove it.') from error
        if any(
            set(task.metrics) - set(run.test[name]) for name, task in built.dataset.tasks.items()
        ):
            raise program.UsageError(f'{path} lacks a metric that its data has now. Remove it.')
        return run._replace(method=cell.method, variant=cell.variant)

    def _path(self, cell: Cell, seed: int) -> Path:
        """The file of a run, found by what it depends on: config, data, task and seed."""
        config = json.loads(cell.config.to_json())
        for field in program.NOT_ASKED:
            config.pop(field, None)
        mark = self._mark(self._dataset(cell.config.data))
        question = json.dumps([config, mark, cell.task, seed], sort_keys=True)
        digest = hashlib.sha256(question.encode()).hexdigest()[:16]
        found = next(self._folder.glob(f'*-{digest}.json'), None)
        words = [cell.method, cell.task or '', cell.variant]
        name = re.sub(r'[^\w.]+', '-', ' '.join(filter(None, words)))[:80]
        return found or self._folder / f'{name}-seed-{seed}-{digest}.json'

    def _mark(self, dataset: Dataset) -> str:
        """What sets this data apart: all of what lies in memory, some examples of other splits."""
        if id(dataset) not in self._marks:
            digest = hashlib.sha256()
            for split in (dataset.train, dataset.validation, dataset.test):
                digest.update(str(split.size).encode())
                for leaf in jax.tree.leaves(_seen(split)):
                    digest.update(np.ascontiguousarray(leaf).tobytes())
            self._marks[id(dataset)] = digest.hexdigest()
        return self._marks[id(dataset)]

    def _run(self, cell: Cell, built: build.Setup, seeds: Sequence[int], title: str):
        together, reason = build.should_vmap_seeds(built, seeds)
        if len(seeds) > 1:
            how = 'in one program' if together else 'one after the other'
            program.console.print(
                f'{title}: {len(seeds)} seeds {how} ({reason})', markup=False, highlight=False
            )
        groups = [seeds] if together else [[seed] for seed in seeds]
        while groups:
            group, *groups = groups
            label = title if len(group) > 1 else f'{title}, seed {group[0]}'
            try:
                results = build.train_seeds(built, group, label)
            except NonFiniteLossError as error:
                if len(group) > 1:  # find out which
                    groups = [[seed] for seed in group]
                    continue
                said = str(error).split(' The last good checkpoint')[0]
                program.console.print(f'{label}: {said}', markup=False)
                yield _failed(cell, built, group[0], said)
                continue
            for seed, result in zip(group, results, strict=True):
                yield _kept(cell, built, seed, result, len(group))


def _seen(split: Split) -> Batch:
    if isinstance(split, data.ArraySplit):
        return split.arrays
    return split.take(np.unique(np.linspace(0, split.size - 1, _EXAMPLES).astype(int)))


def _select(built: build.Setup):
    """The config's choice; by the loss for a task that lacks its metric."""
    try:
        built.options['select'](training.filled(built.dataset.tasks, 1.0))
    except (KeyError, ValueError):
        return training.select_by()
    return built.options['select']


def _kept(cell: Cell, built: build.Setup, seed: int, result: Result, together: int) -> Run:
    steps = int(result.state.step)
    score = built.options['select'](result.validation)
    return Run(
        **_common(cell, seed),
        score=score if math.isfinite(score) else -math.inf,
        best_step=result.best_step,
        steps=steps,
        validation=result.validation,
        test=result.test,
        parameters=analysis.count(result.best.params, result.best.state),
        seconds=steps / result.steps_per_second,
        together=together,
        mixing=analysis.mixing(built.model.tasks, result.best.params, result.best.state),
        history=result.history,
        error='',
    )


def _failed(cell: Cell, built: build.Setup, seed: int, error: str) -> Run:
    """A run whose loss was not finite: it counts, with NaN for every metric."""
    nothing = training.filled(built.dataset.tasks, math.nan)
    example = built.dataset.train.example
    shapes = jax.eval_shape(built.model.init, jax.random.key(0), example.inputs)
    return Run(
        **_common(cell, seed),
        score=-math.inf,
        best_step=0,
        steps=0,
        validation=nothing,
        test=nothing,
        parameters=analysis.count(*shapes),
        seconds=math.nan,
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

    The mean score over seeds decides, first of all the number of seeds that have one; test results
    are not looked at.
    """

    def quality(own: Sequence[Run]) -> tuple[int, float]:
        scores = [run.score for run in own if math.isfinite(run.score)]
        return len(scores), sum(scores) / len(scores) if scores else -math.inf

    groups: dict[tuple[str, str | None], dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run.method, run.task), {}).setdefault(run.variant, []).append(run)
    best = []
    for variants in groups.values():
        best += max(variants.values(), key=quality)
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
