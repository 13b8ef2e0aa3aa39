"""The runs of a comparison. Each is written to its own file as soon as it is done."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare.methods import Cell
from experiments.compare.run import Run, failed, finished
from mtljax import data, training
from mtljax.base import Batch, Dataset, Split
from mtljax.build import former_names
from mtljax.files import write_text
from mtljax.training import NonFiniteLossError

_EXAMPLES = 64


class Runs:
    """The runs in a folder. Existing runs are read, and missing runs are trained.

    Args:
      folder: The folder. Every run is a file in it.
      dataset: A function ``(data spec) -> Dataset``.
    """

    def __init__(self, folder: Path, dataset: Callable[[Any], Dataset]):
        self._folder, self._dataset = folder, dataset
        self._marks: dict[int, str] = {}
        self._ready: dict[str, build.Prepared] = {}

    def setup(self, cell: Cell) -> build.Setup:
        """Build the model, the data and the options of a cell.

        Raises:
          UsageError: They cannot be built, or do not fit together.
        """
        ready = self._prepared(cell.config)
        if cell.task is None:
            return build.setup(cell.config, ready)
        try:
            single = data.only(ready.dataset, cell.task, batch_size=cell.config.train.batch_size)
        except ValueError as error:
            raise program.UsageError(str(error)) from error
        built = build.setup(cell.config, ready._replace(dataset=single))
        return built._replace(options=dataclasses.replace(built.options, select=_select(built)))

    def _prepared(self, config: ConfigDict) -> build.Prepared:
        """The data and the backbone; frozen stages run once for all cells."""
        spec = ConfigDict(build.prepared_by(config)).to_json(sort_keys=True)
        if spec not in self._ready:
            self._ready[spec] = build.prepare(config, self._dataset(config.data))
        return self._ready[spec]

    def there(self, cell: Cell, seeds: Sequence[int]) -> int:
        """The number of seeds whose run is in the folder."""
        return sum(self._path(cell, seed).exists() for seed in seeds)

    def check(self, cell: Cell, seeds: Sequence[int]) -> None:
        """Check that a cell can be trained, and that its runs in the folder can be read.

        Raises:
          UsageError: Something does not fit together, or a file does not hold a run.
        """
        built = self.setup(cell)
        there = [seed for seed in seeds if self._path(cell, seed).exists()]
        for seed in there:
            self._read(cell, seed, built)
        if len(there) < len(seeds):
            build.check(built)

    def train(self, cell: Cell, seeds: Sequence[int], title: str) -> list[Run]:
        """The runs of all seeds. Missing runs are trained, and written at once."""
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
            raise program.UsageError(
                f'{path} should hold a run. Found {error}. Remove the file.'
            ) from error
        if any(
            set(task.metrics) - set(run.test[name]) for name, task in built.dataset.tasks.items()
        ):
            raise program.UsageError(
                f'{path} should hold every metric of the data set. Found fewer. Remove the file.'
            )
        return run._replace(method=cell.method, variant=cell.variant)

    def _path(self, cell: Cell, seed: int) -> Path:
        """The file of a run. Its name depends on the config, the data, the task and the seed."""
        config = former_names(json.loads(cell.config.to_json()))
        for field in program.NOT_ASKED:
            config.pop(field, None)
        mark = self._mark(self._dataset(cell.config.data))
        depends_on = json.dumps([config, mark, cell.task, seed], sort_keys=True)
        digest = hashlib.sha256(depends_on.encode()).hexdigest()[:16]
        found = self._folder.glob(f'*-{digest}.json')
        there = next((path for path in found if not path.name.startswith('.')), None)  # whole
        words = [cell.method, cell.task or '', cell.variant]
        name = re.sub(r'[^\w.]+', '-', ' '.join(filter(None, words)))[:80]
        return there or self._folder / f'{name}-seed-{seed}-{digest}.json'

    def _mark(self, dataset: Dataset) -> str:
        """A digest of the data: of all arrays in memory, and of some examples of other splits."""
        if id(dataset) not in self._marks:
            digest = hashlib.sha256()
            for split in (dataset.train, dataset.validation, dataset.test):
                digest.update(str(split.size).encode())
                for leaf in jax.tree.leaves(_sample(split)):
                    digest.update(np.ascontiguousarray(leaf).tobytes())
            self._marks[id(dataset)] = digest.hexdigest()
        return self._marks[id(dataset)]

    def _run(
        self, cell: Cell, built: build.Setup, seeds: Sequence[int], title: str
    ) -> Iterator[Run]:
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
                if len(group) > 1:  # train each seed in its own program, to see which one failed
                    groups = [[seed] for seed in group]
                    continue
                reason = str(error).split(' The last good checkpoint')[0]
                program.console.print(f'{label}: {reason}', markup=False)
                yield failed(cell, built, group[0], reason)
                continue
            for seed, result in zip(group, results, strict=True):
                yield finished(cell, built, seed, result, len(group))


def _sample(split: Split) -> Batch:
    if isinstance(split, data.ArraySplit):
        return split.arrays
    return split.take(np.unique(np.linspace(0, split.size - 1, _EXAMPLES).astype(int)))


def _select(built: build.Setup):
    """The config's selection, or selection by the loss for a task that lacks the metric."""
    try:
        built.options.score(training.filled(built.dataset.tasks, 1.0))
    except (KeyError, ValueError):
        return training.select_by()
    return built.options.score
