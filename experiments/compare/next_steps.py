"""The commands that follow a comparison."""

import csv
import io
import shlex
import shutil
import sys
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build
from experiments.program import UsageError
from mtljax.base import Dataset
from mtljax.data import Schema, TextSchema
from mtljax.files import npz_of, write_bytes, write_text

_ROWS = 5


def next_steps(workdir: Path, best: Path, config: ConfigDict, dataset: Dataset) -> list[str]:
    """Return commands that predict with the best run, export it, and serve the export.

    The input of the first one is the table or the text of the run, with its training rows. For
    other data, it is a file with a few rows or inputs of the test split, which is written. Only
    models of tables can be served.

    Args:
      workdir: The folder of the comparison.
      best: The folder of the best run.
      config: The config of the run.
      dataset: The data set.
    """
    is_table = bool(dataset.schema) and not TextSchema.describes(dataset.schema)
    if dataset.schema and _is_read(config.data.get('path')):
        source, target = Path(config.data.path), workdir / 'predictions.csv'
    elif is_table:
        source, target = workdir / 'rows.csv', workdir / 'predictions.csv'
        write_text(source, _rows(Schema.from_json(dataset.schema), dataset))
    else:
        source, target = workdir / 'examples.npz', workdir / 'predictions.npz'
        write_bytes(source, npz_of(_examples(dataset)))
    model = workdir / 'model.zip'
    trust = [f'--trust={package}' for package in _packages(config)]
    commands = [
        ['predict', f'--workdir={best}', f'--input={source}', f'--output={target}', *trust],
        ['export', f'--workdir={best}', f'--output={model}', *trust],
        *([['serve', f'--model={model}']] if is_table else []),
    ]
    return [
        shlex.join([python(), '-m', f'experiments.{program}', *others])
        for program, *others in commands
    ]


def _examples(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return a few inputs, by the names that experiments.predict expects."""
    split = dataset.test
    inputs = split.take(np.arange(min(_ROWS, split.size))).inputs
    return {
        jax.tree_util.keystr(path, simple=True, separator='.') or 'inputs': leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(inputs)
    }


def _is_read(path: str | None) -> bool:
    """Return whether `experiments.predict` reads the file of a data set, if it has a schema."""
    return bool(path) and Path(path).is_file() and not {'.arff', '.mat'} & {*Path(path).suffixes}


def _rows(schema: Schema, dataset: Dataset) -> str:
    """Return a few rows of the test split as the text of a table."""
    table = schema.decode(dataset.test.take(np.arange(min(_ROWS, dataset.test.size))).inputs)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return file.getvalue()


def _packages(config: ConfigDict) -> list[str]:
    """Return the packages outside of mtljax whose functions the config names."""
    found = {}
    for name in _functions(config.to_dict()):
        try:
            build.check_names(ConfigDict({'it': {'fn': name}}), [])
        except UsageError:
            found[name.partition(':')[0].partition('.')[0]] = None
    return list(found)


def _functions(spec: object) -> list[str]:
    """Return all names of functions in a spec, however deep."""
    if isinstance(spec, dict):
        inner = [name for value in spec.values() for name in _functions(value)]
        return [spec['fn'], *inner] if isinstance(spec.get('fn'), str) else inner
    if isinstance(spec, list | tuple):
        return [name for value in spec for name in _functions(value)]
    return []


def python() -> str:
    """Return the interpreter as the user may type it: python, if this is the one on the path."""
    here = Path(sys.executable)
    if shutil.which('python') == str(here):
        return 'python'
    return str(here.relative_to(Path.cwd()) if Path.cwd() in here.parents else here)
