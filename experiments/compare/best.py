"""The best row of a comparison, as folders of runs: one per seed."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import program
from experiments.compare.kept import Variables
from experiments.compare.methods import Cell
from experiments.compare.run import Run
from experiments.compare.runs import Runs
from mtljax.files import write_text
from mtljax.training import Saved, save_parameters

_SUMMARY = 'summary.json'
Part = tuple[Cell, Run]
"""A run of the best row, and its cell. A seed of single-task runs has one part per task."""
_Kept = tuple[Run, Variables]


def write_best(folder: Path, runs: Runs, seeds: Mapping[int, Sequence[Part]]) -> dict[int, Path]:
    """Write the best row as folders ``seed-K``, which `mtljax.load` and the programs open.

    Single-task runs of one seed become one run with the scheme `sharing.independent`. Folders that
    are there already stay. Folders of another row are removed. Parameters that were not kept are
    trained again.

    Args:
      folder: The folder of the folders.
      runs: The runs of the comparison.
      seeds: The parts of each seed.

    Returns:
      ``{seed: folder}``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        f'seed-{seed}': [runs.name(cell, seed) for cell, _ in parts]
        for seed, parts in seeds.items()
    }
    for path in [*folder.glob('seed-*'), *folder.glob('.seed-*')]:
        if path.name not in names or _runs_in(path) != names[path.name]:
            _remove(path)
    missing = [seed for seed in seeds if not (folder / f'seed-{seed}').exists()]
    for seed, trained in _trained(runs, {seed: seeds[seed] for seed in missing}).items():
        cells = [cell for cell, _ in seeds[seed]]
        _write(folder / f'seed-{seed}', runs, cells, trained, names[f'seed-{seed}'])
    return {seed: folder / f'seed-{seed}' for seed in seeds}


def _trained(runs: Runs, seeds: Mapping[int, Sequence[Part]]) -> dict[int, list[_Kept]]:
    """Return the runs of each seed with their parameters."""
    jobs: dict[str, tuple[Cell, list[int]]] = {}
    for seed, parts in seeds.items():
        for cell, _ in parts:
            name = cell.config.to_json(sort_keys=True) + str(cell.task)
            jobs.setdefault(name, (cell, []))[1].append(seed)
    found: dict[int, list[_Kept]] = {seed: [] for seed in seeds}
    for cell, group in jobs.values():
        title = ', '.join(filter(None, (cell.method, cell.task, cell.variant)))
        for seed, (run, variables) in runs.trained(cell, group, title).items():
            if variables is None:
                raise program.UsageError(f'{title}, seed {seed}, cannot be kept: {run.error}')
            before = next(each for other, each in seeds[seed] if other.task == cell.task)
            if repr(run.test) != repr(before.test):  # NaN does not equal itself
                program.console.print(
                    f'{title}, seed {seed}: another machine or version trained it before. The '
                    f'results of the parameters here are in {_SUMMARY}.',
                    markup=False,
                )
            found[seed].append((run, variables))
    return found


def _write(
    path: Path, runs: Runs, cells: Sequence[Cell], trained: Sequence[_Kept], names: Sequence[str]
) -> None:
    """Write the folder of one seed: the whole folder, or nothing."""
    records = [run for run, _ in trained]
    variables = {cell.task: each for cell, (_, each) in zip(cells, trained, strict=True)}
    whole = _whole(cells[0], records[0].seed)
    dataset = runs.setup(whole).dataset
    results = {
        split: {task: row for run in records for task, row in getattr(run, split).items()}
        for split in ('validation', 'test')
    }
    step = max(run.best_step for run in records)
    summary = {
        'method': cells[0].method,
        'best_step': step,
        **results,
        'parameters': sum(run.parameters for run in records),
        'devices': records[0].devices,
        'code': records[0].code,
        'runs': list(names),
    }
    one = variables[None] if None in variables else _independent(variables)
    saved = Saved(*one, step, tuple(dataset.tasks), results['validation'])
    partial = path.with_name(f'.{path.name}')
    save_parameters(partial, saved, dataset)
    config = json.loads(whole.config.to_json(sort_keys=True))
    write_text(partial / 'config.json', program.readable_json(config, indent=2) + '\n')
    write_text(partial / _SUMMARY, program.to_json(summary))
    partial.rename(path)


def _whole(cell: Cell, seed: int) -> Cell:
    """Return the cell of all tasks, for one seed. Single-task networks become one model."""
    fields = cell.config.copy_and_resolve_references().to_dict()
    config = {name: value for name, value in fields.items() if name not in program.NOT_ASKED}
    config['seed'] = seed
    if cell.task is not None:
        config['sharing'] = {'fn': 'mtljax.sharing:independent'}
    return cell._replace(config=ConfigDict(config), task=None)


def _independent(single: Mapping[str | None, Variables]) -> Variables:
    """Return the variables of `sharing.independent`, from those of hard sharing on each task."""

    def joined(trees: Mapping[Any, Any]) -> Any:
        towers = jax.tree.map(lambda *x: np.stack(x), *(tree['shared'] for tree in trees.values()))
        heads = {task: tree['task']['heads'][task] for task, tree in trees.items()}
        return {'shared': {}, 'task': {'towers': towers, 'heads': heads}}

    params, state = (joined({task: each[part] for task, each in single.items()}) for part in (0, 1))
    return params, state


def _runs_in(path: Path) -> Any:
    """Return the names of the runs that a folder was made from; None if it is not whole."""
    try:
        return json.loads((path / _SUMMARY).read_bytes())['runs']
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _remove(path: Path) -> None:
    """Remove a folder, so that no half of it is taken for a whole one after a kill."""
    (path / _SUMMARY).unlink(missing_ok=True)
    shutil.rmtree(path)
