"""Open a finished run: its model, its data and its parameters."""

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax import training
from mtljax.base import Dataset, MultiTask
from mtljax.build._check_config import check_fields
from mtljax.build._prepare import prepare, prepare_whole
from mtljax.build._run import Run
from mtljax.build._setup import Setup, setup
from mtljax.build._trusted import check_names
from mtljax.data import Schema, TextSchema, array_split, words_of
from mtljax.files import local_folder


def load(
    workdir: str | Path,
    *,
    newest: bool = False,
    trust: Collection[str] = (),
    known: Collection[str] = (),
) -> Run:
    """Read a run of ``experiments.train`` from its folder. Nothing is trained or written.

    A run on a table or a text needs only its folder: the data are read when ``dataset`` is asked
    for. If the run was trained on the stored features of frozen stages (``store_features``), the
    model and the data set have the original inputs.

    The folder may come from somebody else: its config may name only public functions of mtljax and
    optax. For a run of `training.train`, which has no ``config.json``, use `training.load`.

    Args:
      workdir: The folder of the run.
      newest: Whether to read the newest checkpoint. By default, the one with the best validation
        result is read.
      trust: Further packages whose functions the config may name.
      known: Further functions ``'package.module:function'`` that the config may name.

    Returns:
      The model, the tasks and the parameters, as a `Run`, which can predict.

    Raises:
      ValueError: The folder has no config or no whole checkpoint, its config names a function of
        another package, or the data have changed since the run. For a run on a table or
        a text, its ``dataset`` raises this error instead.

    >>> import tempfile
    >>> from mtljax import training
    >>> config = {
    ...     'seed': 0,
    ...     'data': {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 16, 'test': 16},
    ...     'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': [8]},
    ...     'sharing': {'fn': 'mtljax.sharing:hard'},
    ...     'weighting': {'fn': 'mtljax.weighting:equal'},
    ...     'surgery': {'fn': 'mtljax.surgery:pcgrad'},
    ...     'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
    ...     'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
    ...     'train': {'steps': 4, 'batch_size': 16},
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     built = setup(config)
    ...     _ = training.train(built.model, built.dataset, built.tx, built.options, workdir=folder)
    ...     _ = (Path(folder) / 'config.json').write_text(json.dumps(config))
    ...     run = load(folder)
    >>> run.saved.step, training.evaluate(run.model, run.dataset.tasks, run.saved, run.dataset.test)
    (4, {'left': {'loss': ...}, 'right': {'loss': ...}})
    """
    path = local_folder(workdir) / 'config.json'
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f'{workdir} should be the folder of a run of experiments.train. Found no config there: '
            f'{error}.'
        ) from error
    check_names(config, known=known, trust=trust)
    check_fields(config)
    schema = training.read_schema(workdir)
    known_data = schema if isinstance(schema, TextSchema) or (schema and schema.complete) else None
    built = _read(workdir, config) if known_data is None else _setup(config, _unread(known_data))
    inputs = built.dataset.train.example.inputs
    saved = training.load_parameters(workdir, built.model, inputs, newest=newest)
    dataset = built.dataset if known_data is None else None
    return Run(
        config,
        built.model,
        built.dataset.tasks,
        saved,
        inputs,
        schema if isinstance(schema, Schema) else None,
        lambda: dataset or _read(workdir, config).dataset,
        lambda chosen: _model_of(config, built.dataset, chosen),
        schema if isinstance(schema, TextSchema) else None,
    )


def _setup(config: Mapping[str, Any], dataset: Dataset | None = None) -> Setup:
    return setup(config, prepare_whole(config, dataset))


def _read(workdir: str | Path, config: Mapping[str, Any]) -> Setup:
    """Read the data of a run, and check that they have not changed."""
    built = _setup(config)
    trained_on = built.dataset
    if config.get('store_features', False):
        trained_on = prepare(config, trained_on).dataset
    training.check_data(workdir, trained_on)
    return built


def _model_of(config: Mapping[str, Any], dataset: Dataset, chosen: Sequence[str]) -> MultiTask:
    ready = prepare_whole(config, dataset)
    tasks = {name: dataset.tasks[name] for name in chosen}
    return setup(config, ready._replace(dataset=dataclasses.replace(dataset, tasks=tasks))).model


def _unread(schema: Schema | TextSchema) -> Dataset:
    """Return a data set with the tasks and the inputs of the data, and two rows without content."""
    if isinstance(schema, TextSchema):
        split = schema.split(words_of('a ' * (2 * schema.length + 1)))
    else:
        table = {column.name: [''] * 2 for column in (*schema.inputs, *schema.targets)}
        split = array_split(schema.encode(table).inputs, *schema.labels(table))
    return Dataset(schema.tasks, split, split, split, inputs=schema.options)
