"""From a config to what it names: ``dict(fn='package.module:factory', **keywords)``."""

import dataclasses
import functools
import json
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import optax
from ml_collections import ConfigDict

from experiments.program import UsageError
from mtljax import module, sharing, surgery, training
from mtljax.base import Dataset, Module, MultiTask

_FIELDS = (
    'seed',
    'data',
    'backbone',
    'sharing',
    'weighting',
    'surgery',
    'optimizer',
    'select',
    'train',
)
_PREPARED = ('seed', 'data', 'backbone', 'frozen', 'store_features')
_LOOP = ('steps', 'log_every', 'eval_every', 'select', 'workers', 'eval_batch_size')
_STORED = 'Features of the frozen stages'


class Prepared(NamedTuple):
    """What models of a config read, and the stages that read it.

    Attributes:
      dataset: with the features of frozen stages for inputs, where the config stores them.
      backbone: its frozen stages frozen, or left out where they have run already.
      tasks: the names of all tasks; ``dataset`` may be cut to fewer.
    """

    dataset: Dataset
    backbone: tuple[Module, ...]
    tasks: tuple[str, ...]


class Setup(NamedTuple):
    """What a config describes: the arguments of `training.train`."""

    model: MultiTask
    dataset: Dataset
    tx: optax.GradientTransformation
    options: dict[str, Any]


def build(spec: Any, field: str, *args: Any) -> Any:
    """Call the factory that ``spec`` names; nested specs first. Anything else is itself.

    Args:
      spec: a mapping with ``fn``, keywords and perhaps a list ``args``; or a plain value.
      field: what to call it in errors, such as ``'surgery'``.
      *args: positional arguments of the factory.

    Raises:
      UsageError: the name cannot be imported, or the factory does not accept the keywords.

    >>> build({'fn': 'math:sqrt'}, 'x', 9.0)
    3.0
    """
    if not isinstance(spec, Mapping):
        return spec
    if 'fn' not in spec:
        return {key: build(value, f'{field}.{key}') for key, value in spec.items()}
    factory = _resolve(spec['fn'], field)
    keywords = {k: build(v, f'{field}.{k}') for k, v in spec.items() if k not in ('fn', 'args')}
    more = [build(v, f'{field}.args[{i}]') for i, v in enumerate(spec.get('args', ()))]
    try:
        return factory(*args, *more, **keywords)
    except (TypeError, ValueError, OSError) as error:
        raise UsageError(f'config.{field} = {spec["fn"]}({keywords}): {error}') from error


def _resolve(name: Any, field: str) -> Any:
    try:
        return pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        known = ''
        if isinstance(name, str) and ':' in name:
            try:
                names = getattr(pkgutil.resolve_name(name.split(':')[0]), '__all__', [])
                known = f' It has {", ".join(names)}.' if names else ''
            except ImportError:
                known = ''
        raise UsageError(
            f"config.{field}.fn should name a function, as 'package.module:function'. "
            f'Found {name!r}: {error}.{known}'
        ) from error


def check_fields(config: ConfigDict) -> None:
    """Raise a UsageError unless the config has all fields of a training."""
    missing = [field for field in _FIELDS if field not in config]
    if missing:
        raise UsageError(f'The config lacks the fields {missing}. Found {sorted(config)}.')


def setup(config: ConfigDict, dataset: Dataset | Prepared | None = None) -> Setup:
    """Everything that `training.train` needs, from a config.

    Fields that a config may lack: ``heads``, in place of the data set's own, ``{task: spec}``;
    ``loss_scales``, ``{task: factor}``, as a change of a target's unit would have it; ``frozen``,
    how many of the first stages do not train; ``store_features``, to run these once per example:
    see `training.precompute`.

    Args:
      config: see the files in ``configs/``.
      dataset: in place of the one that the config names, or what `prepare` made of either.

    Raises:
      UsageError: a field that cannot be built; it is named.
    """
    check_fields(config)
    _check_stored(config)
    spec = config.to_dict()
    ready = dataset if isinstance(dataset, Prepared) else prepare(config, dataset)
    for field in ('heads', 'loss_scales'):
        unknown = sorted(set(spec.get(field, {})) - set(ready.tasks))
        if unknown:
            raise UsageError(f'config.{field} names {unknown}. The tasks are {[*ready.tasks]}.')
    heads, scales = build(spec.get('heads', {}), 'heads'), spec.get('loss_scales', {})
    dataset, backbone = _with_tasks(ready.dataset, heads, scales), ready.backbone
    model = build(spec['sharing'], 'sharing', backbone, dataset.heads)
    model = sharing.multi_input(model) if dataset.per_task_inputs else model
    tx = optax.chain(shared_surgery(spec['surgery']), build(spec['optimizer'], 'optimizer'))
    options = build(spec['train'], 'train')
    options |= {field: build(spec[field], field) for field in ('weighting', 'select')}
    return Setup(model, dataset, tx, options)


def prepare(config: ConfigDict, dataset: Dataset | None = None) -> Prepared:
    """Data and backbone of a config: what `prepared_by` holds, and nothing else.

    Args:
      config: see the files in ``configs/``.
      dataset: in place of the one that the config names.

    Raises:
      UsageError: a field that cannot be built; it is named.
    """
    spec = prepared_by(config)
    dataset = build(spec['data'], 'data') if dataset is None else dataset
    backbone = build({**dataset.inputs, **spec['backbone']}, 'backbone')
    count = spec.get('frozen', 0)
    try:
        if spec.get('store_features', False):
            found = training.precompute(
                dataset, backbone, count, seed=spec['seed'], progress=_STORED
            )
            return Prepared(found.dataset, found.backbone, tuple(dataset.tasks))
        return Prepared(dataset, module.freeze(backbone, count), tuple(dataset.tasks))
    except ValueError as error:
        raise UsageError(f'config.frozen = {count}: {error}') from error


def prepared_by(config: ConfigDict) -> dict[str, Any]:
    """The fields of a config that say what `prepare` makes: where they are equal, so is that.

    >>> sorted(prepared_by(ConfigDict({'seed': 0, 'data': {}, 'train': {}})))
    ['data', 'seed']
    """
    found = ConfigDict({field: config[field] for field in _PREPARED if field in config})
    return found.to_dict()


def _with_tasks(
    dataset: Dataset, heads: Mapping[str, Module], scales: Mapping[str, float]
) -> Dataset:
    """The data set with other heads and losses; those of tasks that it leaves out do not count."""
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
    return lambda prediction, target: factor * loss(prediction, target)


def _check_stored(config: ConfigDict) -> None:
    count, augments = config.get('frozen', 0), bool(config.train.get('augment'))
    if config.get('store_features', False) and (not count or augments):
        raise UsageError(
            'config.store_features keeps what frozen stages say of images as they are: it needs '
            'config.frozen >= 1 and no config.train.augment. '
            f'Found frozen = {count}, augment = {augments}.'
        )


def shared_surgery(spec: Any) -> surgery.Surgery:
    """The surgery that a config names, on the shared parameters; `on_shared` itself stays as it is.

    Raises:
      UsageError: it cannot be built.
    """
    method = build(spec, 'surgery')
    whole = isinstance(method, surgery.Surgery) and method.traits.whole
    return method if whole else surgery.on_shared(method)


def datasets() -> Callable[[ConfigDict], Dataset]:
    """A function from ``config.data`` to its data set. Each data set is built once."""

    @functools.cache
    def made(spec: str) -> Dataset:
        return build(json.loads(spec), 'data')

    return lambda spec: made(spec.to_json(sort_keys=True))


def train(built: Setup, **more: Any) -> training.Result:
    """`training.train` on what a config describes; what does not fit is the user's to mend.

    Raises:
      UsageError: a ValueError or TypeError of `training.train`.
    """
    return _guarded(training.train, built, **built.options, **more)


def should_vmap_seeds(built: Setup, seeds: Sequence[int]) -> tuple[bool, str]:
    """Whether the seeds should be one program, and why; see `training.should_vmap_seeds`.

    Raises:
      UsageError: what does not fit is the user's to mend.
    """
    options = {k: v for k, v in built.options.items() if k not in _LOOP}
    return _guarded(training.should_vmap_seeds, built, seeds=seeds, **options)


def check(built: Setup) -> None:
    """See that training can start; see `training.preflight`.

    Raises:
      UsageError: what does not fit is the user's to mend.
    """
    _guarded(training.preflight, built, **built.options)


def train_seeds(built: Setup, seeds: Sequence[int], progress: str) -> list[training.Result]:
    """`training.train_seeds` on what a config describes: several seeds are one program.

    Raises:
      UsageError: a ValueError or TypeError of it.
    """
    options = {'seeds': seeds, 'together': len(seeds) > 1, 'progress': progress, **built.options}
    return _guarded(training.train_seeds, built, **options)


def _guarded(function, built: Setup, **options: Any):
    try:
        return function(built.model, built.dataset, built.tx, **options)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        said = f'KeyError: {error}' if isinstance(error, KeyError) else str(error)
        raise UsageError(said) from error
