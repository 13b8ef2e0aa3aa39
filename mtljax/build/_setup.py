"""All arguments of training, from a config."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import optax

from mtljax import sharing, surgery, training
from mtljax._near import did_you_mean
from mtljax.base import Dataset, Module, MultiTask
from mtljax.build._check_config import check_fields
from mtljax.build._learning_rate import learning_rate
from mtljax.build._make import make
from mtljax.build._prepare import Prepared, prepare

_LISTS = 'callbacks', 'loggers'  # options of training that hold several functions


class Setup(NamedTuple):
    """The arguments of `training.train`, from a config.

    Attributes:
      model: The model.
      dataset: The tasks and their splits.
      tx: The optax chain. It begins with the surgery, which combines the task gradients.
      options: The options of training.
    """

    model: MultiTask
    dataset: Dataset
    tx: optax.GradientTransformation
    options: training.Options


def setup(config: Mapping[str, Any], dataset: Dataset | Prepared | None = None) -> Setup:
    """Build everything that `training.train` needs.

    The example below has all fields that a config needs. A value such as
    ``{'fn': 'mtljax.data:digits', 'train': 32}`` is a spec: it names a function and its arguments;
    see `make`. Four more fields are optional:

    - ``heads``, ``{task: spec}``, replaces the heads of these tasks.
    - ``loss_scales``, ``{task: factor}``, multiplies the losses of these tasks by factors.
    - ``frozen``, a number n, freezes the first n stages of the backbone, so that they are not
      trained. The default is 0.
    - ``store_features``, True or False, says whether the frozen stages run only once per example,
      before training; see `training.precompute`. The default is False. True requires ``frozen`` to
      be at least 1, and does not allow augmentation.

    Args:
      config: A config, as in the files of ``configs/`` or in the ``config.json`` of a run.
      dataset: A data set that replaces the data set of the config, or the result of `prepare`. By
        default, the data set of the config is built.

    Raises:
      ValueError: A field is missing or cannot be built. The message names the field.

    >>> from mtljax import training
    >>> config = {
    ...     'seed': 0,
    ...     'data': {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 16, 'test': 16},
    ...     'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': (8,)},
    ...     'sharing': {'fn': 'mtljax.sharing:hard'},
    ...     'weighting': {'fn': 'mtljax.weighting:equal'},
    ...     'surgery': {'fn': 'mtljax.surgery:pcgrad'},
    ...     'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
    ...     'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
    ...     'train': {'steps': 4, 'batch_size': 16},
    ... }
    >>> built = setup(config)
    >>> result = training.train(built.model, built.dataset, built.tx, built.options)
    >>> int(result.state.step)
    4
    """
    check_fields(config)
    _check_stored(config)
    if not isinstance(dataset, Dataset | Prepared) and dataset is not None:
        raise ValueError(f'dataset should be a Dataset. Found {dataset!r:.80}.')
    options = _options(config)  # before the data, which may take long to read
    optimizer = _transform(make(config['optimizer'], 'optimizer'), 'optimizer')
    tx = optax.chain(shared_surgery(config['surgery']), optimizer)
    options = _with_rate(options, learning_rate(config['optimizer']))
    ready = dataset if isinstance(dataset, Prepared) else prepare(config, dataset)
    _check_tasks(config, ready.tasks)
    heads, scales = make(config.get('heads', {}), 'heads'), config.get('loss_scales', {})
    dataset = _with_tasks(ready.dataset, heads, scales)
    model = make(config['sharing'], 'sharing', ready.backbone, dataset.heads)
    if not isinstance(model, MultiTask):
        raise ValueError(f'config.sharing should build a MultiTask. Found {model!r:.80}.')
    model = sharing.multi_input(model) if dataset.per_task_inputs else model
    return Setup(model, dataset, tx, options)


def shared_surgery(spec: Any) -> surgery.Surgery:
    """Build the surgery that a spec names, for the gradients of the shared parameters.

    A surgery is an optax transform that combines the task gradients. It should combine only the
    gradients of the shared parameters. The surgery is therefore wrapped in `surgery.on_shared`,
    unless the spec already names this function.

    In the example below, ``traits.whole`` is True because of this wrapper. True means that the
    result takes the gradients of the whole model, and itself separates the shared parameters from
    all other parameters.

    Args:
      spec: A mapping such as ``{'fn': 'mtljax.surgery:pcgrad'}``, which names a function and its
        arguments; see `make`.

    Raises:
      ValueError: The surgery cannot be built.

    >>> shared_surgery({'fn': 'mtljax.surgery:pcgrad'}).traits.whole
    True
    """
    method = _transform(make(spec, 'surgery'), 'surgery')
    whole = isinstance(method, surgery.Surgery) and method.traits.whole
    return method if whole else surgery.on_shared(method)


def _transform(built: Any, field: str) -> Any:
    if not callable(getattr(built, 'init', None)) or not callable(getattr(built, 'update', None)):
        raise ValueError(f'config.{field} should build an optax transform. Found {built!r:.80}.')
    return built


def _options(config: Mapping[str, Any]) -> training.Options:
    keywords = make(config['train'], 'train')
    keywords |= {field: make(config[field], field) for field in ('weighting', 'select')}
    keywords |= {field: _listed(keywords[field]) for field in _LISTS if field in keywords}
    try:
        return training.Options.of(**keywords)
    except (TypeError, ValueError) as error:
        raise ValueError(f'config.train: {error!s:.1500}') from error


def _listed(made: Any) -> Any:
    """Return the objects of a field: the field is one spec, or a mapping of several specs."""
    if isinstance(made, Mapping):
        return list(made.values())
    return [made] if callable(made) else made


def _with_rate(options: training.Options, rate: Any) -> training.Options:
    """Log the learning rate, unless the config has schedules for the log."""
    if rate is None or options.log_schedules is not None:
        return options
    try:
        return dataclasses.replace(options, log_schedules={'learning_rate': rate})
    except ValueError:  # a function, but not of the step
        return options


def _with_tasks(
    dataset: Dataset, heads: Mapping[str, Module], scales: Mapping[str, float]
) -> Dataset:
    """The data set with other heads and scaled losses."""
    tasks = {
        name: dataclasses.replace(
            task,
            head=heads.get(name, task.head),
            loss=_scaled(task.loss, scales[name]) if name in scales else task.loss,
        )
        for name, task in dataset.tasks.items()
    }
    return dataclasses.replace(dataset, tasks=tasks)


def _scaled(loss: Callable[[Any, Any], Any], factor: float) -> Callable[[Any, Any], Any]:
    return lambda *batch: factor * loss(*batch)  # a mask follows if the loss compares examples


def _check_tasks(config: Mapping[str, Any], tasks: tuple[str, ...]) -> None:
    for field in ('heads', 'loss_scales'):
        unknown = sorted(set(config.get(field, {})) - set(tasks))
        if unknown:
            raise ValueError(
                f'config.{field} should name tasks of the data set, {[*tasks]}. Found {unknown}.'
                f'{did_you_mean(unknown, tasks)}'
            )


def _check_stored(config: Mapping[str, Any]) -> None:
    count, augments = config.get('frozen', 0), bool(config['train'].get('augment'))
    if config.get('store_features', False) and (not count or augments):
        raise ValueError(
            'config.store_features needs config.frozen >= 1 and no config.train.augment: it stores '
            'the features of images that never change. '
            f'Found frozen = {count}, augment = {augments}.'
        )
