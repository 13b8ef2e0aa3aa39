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
from experiments.compare.kept import Variables, keep, kept
from experiments.compare.methods import Cell
from experiments.compare.run import Run, failed, finished
from experiments.compare.run_files import RunFiles
from mtljax import data, training
from mtljax.base import Batch, Dataset, Split
from mtljax.module import shapes
from mtljax.training import NonFiniteLossError

Trained = tuple[Run, Variables | None]
"""The record and the best parameters of a run; None if its loss was not finite."""


class Runs:
    """The runs in a folder. Existing runs are read, and missing runs are trained.

    Args:
      folder: The folder. Every run is a file in it.
      dataset: A function ``(data spec) -> Dataset``.
      keep: Whether the best parameters of every run are kept, until `drop` is called.
    """

    def __init__(self, folder: Path, dataset: Callable[[Any], Dataset], *, keep: bool = False):
        self._files, self._dataset, self._keep = RunFiles(folder), dataset, keep
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
        self._train(cell, built, [seed for seed in seeds if seed not in there], there, title)
        runs = self._read(cell, seeds, built)
        return [runs[seed] for seed in seeds]

    def trained(self, cell: Cell, seeds: Sequence[int], title: str) -> dict[int, Trained]:
        """Finished runs with their best parameters, by their seeds.

        Runs whose parameters were not kept are trained again. Their records in the folder stay.
        """
        built = self.setup(cell)
        example = built.dataset.train.example.inputs
        like = jax.eval_shape(built.model.init, jax.random.key(0), shapes(example))
        found: dict[int, Trained] = {
            seed: (run, variables)
            for seed, run in self._read(cell, seeds, built).items()
            if (variables := kept(self._path(cell, seed), like)) is not None
        }
        missing = [seed for seed in seeds if seed not in found]
        if missing:
            _say(f'{title}: the folder has no parameters of the seeds {missing}. Training again.')
        there = {seed: run for seed, (run, _) in found.items()}
        again = self._train(cell, built, missing, there, title)
        return found | {seed: again[seed] for seed in missing}

    def drop(self) -> None:
        """Remove the parameters of all runs."""
        self._files.drop_kept()

    def name(self, cell: Cell, seed: int) -> str:
        """The name of the file of a run."""
        return self._path(cell, seed).name

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

    def _train(
        self,
        cell: Cell,
        built: build.Setup,
        missing: Sequence[int],
        there: Mapping[int, Run],
        title: str,
    ) -> dict[int, Trained]:
        """Train the missing seeds, and write what is not there yet."""
        done: dict[int, Trained] = {}
        for pairs in self._run(cell, built, missing, there, title) if missing else ():
            paths = {run.seed: self._path(cell, run.seed) for run, _ in pairs}
            for run, variables in pairs:
                if self._keep and variables is not None:
                    keep(paths[run.seed], variables)
            new = {paths[run.seed]: run for run, _ in pairs if not paths[run.seed].exists()}
            self._files.write(new)
            done |= {run.seed: (run, variables) for run, variables in pairs}
        return done

    def _run(
        self,
        cell: Cell,
        built: build.Setup,
        missing: Sequence[int],
        there: Mapping[int, Run],
        title: str,
    ) -> Iterator[list[Trained]]:
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


def _trained(cell: Cell, built: build.Setup, seeds: Sequence[int], title: str) -> list[Trained]:
    """The runs of one program. If one of several seeds fails, each gets a program of its own."""
    label = title if len(seeds) > 1 else f'{title}, seed {seeds[0]}'
    try:
        results = build.train_seeds(built, seeds, label)
    except NonFiniteLossError as error:
        if len(seeds) > 1:
            return [run for seed in seeds for run in _trained(cell, built, [seed], title)]
        reason = str(error).split(' The last good checkpoint')[0]
        _say(f'{label}: {reason}')
        return [(failed(cell, built, seeds[0], reason), None)]
    pairs = zip(seeds, results, strict=True)
    return [
        (
            finished(cell, built, seed, result, len(seeds)),
            jax.device_get((result.best.params, result.best.state)),
        )
        for seed, result in pairs
    ]


def _say(text: str) -> None:
    program.console.print(text, markup=False, highlight=False)


def _sample(split: Split) -> Batch:
    return split.arrays if isinstance(split, data.ArraySplit) else split.take(data.probe_of(split))


def _select(built: build.Setup):
    """The config's selection, or selection by the loss for a task that lacks the metric."""
    try:
        built.options.score(training.filled(built.dataset.tasks, 1.0))
    except (KeyError, ValueError):
        return training.select_by()
    return built.options.score
