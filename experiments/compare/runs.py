"""The runs of a comparison. Each is written to its own file as soon as its program is done."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare.methods import Cell
from experiments.compare.run import Run, failed, finished
from experiments.compare.run_files import RunFiles
from mtljax import data, training
from mtljax.base import Batch, Dataset, Split
from mtljax.training import NonFiniteLossError

_EXAMPLES = 64


class Runs:
    """The runs in a folder. Existing runs are read, and missing runs are trained.

    Args:
      folder: The folder. Every run is a file in it.
      dataset: A function ``(data spec) -> Dataset``.
    """

    def __init__(self, folder: Path, dataset: Callable[[Any], Dataset]):
        self._files, self._dataset = RunFiles(folder), dataset
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

    def recover(self) -> None:
        """Finish what a killed comparison left behind. Call this while the folder is locked."""
        self._files.recover()

    def there(self, cell: Cell, seeds: Sequence[int]) -> int:
        """The number of seeds whose run is in the folder."""
        return sum(self._path(cell, seed).exists() for seed in seeds)

    def check(self, cell: Cell, seeds: Sequence[int]) -> None:
        """Check that a cell can be trained, and that its runs in the folder can be read.

        Raises:
          UsageError: Something does not fit together, or a file does not hold a run.
        """
        built = self.setup(cell)
        if len(self._read(cell, seeds, built)) < len(seeds):
            build.check(built)

    def train(self, cell: Cell, seeds: Sequence[int], title: str) -> list[Run]:
        """The runs of all seeds. Missing runs are trained, and written at once."""
        built = self.setup(cell)
        there = self._read(cell, seeds, built)
        missing = [seed for seed in seeds if seed not in there]
        for runs in self._run(cell, built, missing, there, title) if missing else ():
            new = [run for run in runs if run.seed in missing]
            self._files.write({self._path(cell, run.seed): run for run in new})
        runs = self._read(cell, seeds, built)
        return [runs[seed] for seed in seeds]

    def _read(self, cell: Cell, seeds: Sequence[int], built: build.Setup) -> dict[int, Run]:
        """The runs that are in the folder, by their seeds."""
        paths = {seed: self._path(cell, seed) for seed in seeds}
        tasks = built.dataset.tasks
        return {
            seed: self._files.read(path, cell, seed, tasks)
            for seed, path in paths.items()
            if path.exists()
        }

    def _path(self, cell: Cell, seed: int) -> Path:
        return self._files.path(cell, seed, self._mark(self._dataset(cell.config.data)))

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
        self,
        cell: Cell,
        built: build.Setup,
        missing: Sequence[int],
        there: Mapping[int, Run],
        title: str,
    ) -> Iterator[list[Run]]:
        """The runs of the missing seeds. Each list is what one program trained."""
        seeds = _with_partners(missing, there)
        together, reason = build.should_vmap_seeds(built, seeds)
        seeds = seeds if together else missing
        others = sorted(seed for seed, run in there.items() if run.together > 1)
        if len(seeds) > 1:
            how = 'in one program' if together else 'one after the other'
            _say(f'{title}: {len(seeds)} seeds {how} ({reason})')
        elif others:
            _say(
                f'{title}: seed {seeds[0]} runs alone. The seeds {others} ran in one program, so '
                'the last digits may differ.'
            )
        for group in [seeds] if together else [[seed] for seed in seeds]:
            yield _trained(cell, built, group, title)


def _with_partners(missing: Sequence[int], there: Mapping[int, Run]) -> list[int]:
    """The seeds to train: if a part of one program's seeds is missing, all seeds of the program."""
    shared = [seed for seed, run in there.items() if run.together > 1]
    whole = sorted({*missing, *shared})
    lacks = shared and all(there[seed].together == len(whole) for seed in shared)
    return whole if lacks else list(missing)


def _trained(cell: Cell, built: build.Setup, seeds: Sequence[int], title: str) -> list[Run]:
    """The runs of one program. If one of several seeds fails, each gets a program of its own."""
    label = title if len(seeds) > 1 else f'{title}, seed {seeds[0]}'
    try:
        results = build.train_seeds(built, seeds, label)
    except NonFiniteLossError as error:
        if len(seeds) > 1:
            return [run for seed in seeds for run in _trained(cell, built, [seed], title)]
        reason = str(error).split(' The last good checkpoint')[0]
        _say(f'{label}: {reason}')
        return [failed(cell, built, seeds[0], reason)]
    pairs = zip(seeds, results, strict=True)
    return [finished(cell, built, seed, result, len(seeds)) for seed, result in pairs]


def _say(text: str) -> None:
    program.console.print(text, markup=False, highlight=False)


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
