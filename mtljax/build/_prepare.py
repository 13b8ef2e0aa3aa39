"""The data and the backbone of a config, which several models may use."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mtljax import module, training
from mtljax.base import Dataset, Module
from mtljax.build._former_names import with_former_defaults
from mtljax.build._make import make

_FIELDS = ('seed', 'data', 'backbone', 'frozen', 'store_features')
_TITLE = 'Features of the frozen stages'


class Prepared(NamedTuple):
    """The data and the backbone of a config. Several models may use them.

    Attributes:
      dataset: The data set. If ``store_features`` is True in the config, the inputs are replaced by
        the features that the frozen stages of the backbone compute from them.
      backbone: The stages that read the inputs of ``dataset``. If ``store_features`` is True in the
        config, the frozen stages are left out. Otherwise they are included, but are not trained.
      tasks: The names of all tasks of the data set. They stay the same if ``dataset`` is later
        replaced by a data set with only some of the tasks, for a single-task baseline.
    """

    dataset: Dataset
    backbone: tuple[Module, ...]
    tasks: tuple[str, ...]


def prepare(config: Mapping[str, Any], dataset: Dataset | None = None) -> Prepared:
    """Build the data and the backbone of a config.

    Only the fields ``seed``, ``data``, ``backbone``, ``frozen`` and ``store_features`` of the
    config are read; `setup` describes them. Configs that agree in these fields can use the same
    result.

    Args:
      config: A config, as in the files of ``configs/``.
      dataset: A data set that replaces the data set of the config. By default, the data set of the
        config is built.

    Raises:
      ValueError: A field cannot be built. The message names the field.

    >>> digits = {'fn': 'mtljax.data:digits', 'train': 8, 'validation': 4, 'test': 4}
    >>> backbone = {'fn': 'mtljax.backbones:mlp', 'widths': (8, 8)}
    >>> len(prepare({'seed': 0, 'data': digits, 'backbone': backbone}).backbone)
    2
    """
    dataset, backbone = _parts(config, dataset)
    count, tasks = config.get('frozen', 0), tuple(dataset.tasks)
    try:
        if config.get('store_features', False):
            stored = training.precompute(
                dataset, backbone, count, seed=config['seed'], progress=_TITLE
            )
            return Prepared(stored.dataset, stored.backbone, tasks)
        return Prepared(dataset, module.freeze(backbone, count), tasks)
    except ValueError as error:
        raise ValueError(f'config.frozen = {count}: {error}') from error


def prepare_whole(config: Mapping[str, Any], dataset: Dataset | None = None) -> Prepared:
    """As `prepare`, but the backbone reads the inputs of the data, also with ``store_features``.

    The parameters and the state of a model with this backbone have the structure of a model with
    the backbone of `prepare`. So it can read the checkpoints of such a model, and answer for new
    inputs.

    Args:
      config: A config, as in the files of ``configs/``.
      dataset: A data set that replaces the data set of the config.

    Raises:
      ValueError: A field cannot be built. The message names the field.

    >>> digits = {'fn': 'mtljax.data:digits', 'train': 8, 'validation': 4, 'test': 4}
    >>> backbone = {'fn': 'mtljax.backbones:mlp', 'widths': (8, 8)}
    >>> stored = {'frozen': 2, 'store_features': True}
    >>> len(prepare_whole({'seed': 0, 'data': digits, 'backbone': backbone, **stored}).backbone)
    1
    """
    dataset, backbone = _parts(config, dataset)
    count = config.get('frozen', 0)
    try:
        frozen = module.freeze(backbone, count)
    except ValueError as error:
        raise ValueError(f'config.frozen = {count}: {error}') from error
    if config.get('store_features', False):  # all frozen stages are one
        frozen = (module.freeze(module.serial(*backbone[:count])), *backbone[count:])
    return Prepared(dataset, frozen, tuple(dataset.tasks))


def _parts(
    config: Mapping[str, Any], dataset: Dataset | None
) -> tuple[Dataset, tuple[Module, ...]]:
    """Build the data set, unless there is one, and the backbone."""
    spec = prepared_by(config)
    dataset = make(with_former_defaults(spec['data']), 'data') if dataset is None else dataset
    if not isinstance(dataset, Dataset):
        raise ValueError(
            "config.data should build a Dataset, such as {'fn': 'mtljax.data:digits'}. "
            f'Found {dataset!r:.80}.'
        )
    backbone = make({**dataset.inputs, **spec['backbone']}, 'backbone')
    if not isinstance(backbone, tuple) or not all(isinstance(s, Module) for s in backbone):
        raise ValueError(
            f'config.backbone should build a tuple of Modules. Found {backbone!r:.80}.'
        )
    return dataset, backbone


def prepared_by(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config that `prepare` depends on.

    Configs that agree in these fields can use the same result of `prepare`.

    Args:
      config: A config, as in the files of ``configs/``.

    >>> sorted(prepared_by({'seed': 0, 'data': {}, 'train': {}}))
    ['data', 'seed']
    """
    return {field: config[field] for field in _FIELDS if field in config}
