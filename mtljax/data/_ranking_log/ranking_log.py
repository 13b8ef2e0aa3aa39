"""A generated log of impressions: clicks, conversions, dwell times and safety."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._ranking_log.schema import schema_of
from mtljax.data._ranking_log.scores import (
    Columns,
    Space,
    directions,
    draw,
    scores,
    space,
)
from mtljax.data._reading.names import check_names
from mtljax.data._reading.scaling import standardise, to_units
from mtljax.data._splits.array_split import array_split
from mtljax.options import check_count, check_option, check_seed

_TASKS = ('click', 'conversion', 'dwell', 'safety')
_RELATED = {'conversion': 0.5, 'dwell': 0.5}  # cosines to the direction of click
_STEEP = 2.0  # the standard deviation that the columns explain in every logit
_SAFE = 0.5  # the share of safe impressions
_DWELL = (3.4, 0.6, 0.5)  # log seconds: the mean, the deviation that columns explain, and the rest
_CALIBRATION = 1 << 17  # impressions


def ranking_log(
    *,
    train: int = 100_000,
    validation: int = 10_000,
    test: int = 20_000,
    click: float = 0.1,
    conversion: float = 0.1,
    conflict: float = 120.0,
    labels: Mapping[str, float] | None = None,
    tasks: Iterable[str] | None = None,
    seed: int = 0,
) -> Dataset:
    """A generated log of items that were shown to users (impressions), with four tasks.

    Every label depends on a score. A score is a sum of effects of all columns, and of one
    interaction between the segment of the user and the category of the item. Scores have mean 0 and
    variance 1. The tasks are:

    - ``'click'``: drawn from ``Bernoulli(sigmoid(b + 2 s_click))``, with a score ``s_click`` and a
      bias b. The bias sets the rate of clicks.
    - ``'safety'``: drawn from ``Bernoulli(sigmoid(b' + 2 s_safety))``, with a bias b' that sets the
      rate to 0.5. The expected correlation of the scores ``s_safety`` and ``s_click`` is
      ``cos(conflict)``, where ``conflict`` is an angle.
    - ``'conversion'``: 0 without a click. After a click, it is drawn in the same way from a score
      ``s_conversion``. The expected correlation of this score with ``s_click`` is 0.5.
    - ``'dwell'``: the time that the user spends on the item, in seconds, with
      ``log(dwell) = 3.4 + 0.6 s_dwell + 0.5 e``, where ``e ~ N(0, 1)`` is noise. The expected
      correlation of the score ``s_dwell`` with ``s_click`` is 0.5.

    Inputs are ``{'categorical': int32 [B, 7], 'numeric': float32 [B, 6]}``. The categorical columns
    are the segment and the device of the user, the country, the hour, the category and the seller
    of the item, and its position. The numeric columns are standardised: the activity and the tenure
    of the user, and the price, rating, novelty and length of the item.

    Targets are ``[B]``. Click, conversion and safety are 0 or 1. The target of ``'dwell'`` is the
    logarithm of the time in seconds, standardised over the clicks of the training split. It is
    masked if there is no click. Its metric ``mae`` is in seconds.

    The label ``'conversion'`` is 1 if there is both a click and a conversion. It is known for every
    impression. The scheme `sharing.esmm` can be trained on this label with
    ``esmm(backbone, heads, funnel=('click', 'conversion'))``. Other schemes directly predict the
    probability that both happen.

    Args:
      train: The number of training impressions.
      validation: The number of validation impressions.
      test: The number of test impressions.
      click: The rate of clicks, in (0, 1).
      conversion: The rate of conversions among clicks, in (0, 1).
      conflict: The angle between the scores of click and safety in degrees, 0 to 180. At 90 degrees
        they are unrelated.
      labels: ``{task: share}``, the share of the training labels of a task to keep, in (0, 1]. A
        smaller share keeps a subset of the labels that a larger share keeps. Validation and test
        keep all labels.
      tasks: The tasks to keep, in their order. The default is all four. The choice does not change
        the data of the tasks.
      seed: The random seed of everything. The same seed gives the same bits. Data sets with the
        same seed and the same sizes can be compared in pairs: they have the same columns, the same
        score of click, and the same random numbers.

    Raises:
      ValueError: A number is out of range, ``labels`` or ``tasks`` contains an unknown name, or the
        training split has no click.

    >>> dataset = ranking_log(train=1000, validation=100, test=100)
    >>> list(dataset.tasks), dataset.train.example.inputs['categorical'].shape
    (['click', 'conversion', 'dwell', 'safety'], (2, 7))
    """
    sizes = {'train': train, 'validation': validation, 'test': test}
    if not (labels is None or isinstance(labels, Mapping)):
        raise ValueError(f'labels should be {{task: share}}. Found labels = {labels!r:.200}.')
    labels = dict(labels or {})
    kept = check_names('tasks', _TASKS if tasks is None else tasks, _TASKS, 'tasks')
    _check(sizes, click, conversion, conflict, labels, seed)
    maker, calibration, thinning, *streams = np.random.default_rng(seed).spawn(6)
    where = space(maker)
    cosines = {**_RELATED, 'safety': np.cos(np.radians(conflict))}
    to_scores = directions(where, [cosines[task] for task in _TASKS[1:]], maker)
    bias = _calibrate(where, to_scores, click, conversion, calibration)
    drawn = [
        _draw(where, to_scores, bias, size, stream)
        for size, stream in zip(sizes.values(), streams, strict=True)
    ]
    masks = [_mask(targets) for _, targets in drawn]
    masks[0] = _thinned(masks[0], labels, thinning)
    seconds = [targets['dwell'] for _, targets in drawn]
    clicks = np.flatnonzero(masks[0]['dwell'])
    dwell, mean, scale = standardise(np.concatenate(seconds), clicks, ['dwell'], targets=True)
    parts = np.split(dwell, np.cumsum([train, validation]))
    splits = [
        array_split(inputs, _of(kept, targets | {'dwell': part}), _of(kept, mask))
        for (inputs, targets), part, mask in zip(drawn, parts, masks, strict=True)
    ]
    schema = schema_of(kept, float(mean), float(scale))
    return Dataset(
        _of(kept, _tasks(mean, scale)), *splits, inputs=schema.options, schema=schema.to_json()
    )


def _of(kept: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {task: row[task] for task in kept}


def _tasks(mean: Any, scale: Any) -> dict[str, Task]:
    head, logs = heads.mlp((16,)), to_units(mean, scale)
    yes_or_no = Task(
        head,
        optax.sigmoid_binary_cross_entropy,
        {'auc': metrics.auc()},
        answer=answers.probability((0.0, 1.0)),
    )

    def seconds(y):
        return jnp.exp(logs(y))

    dwell = Task(
        head,
        optax.squared_error,
        {'mae': metrics.mae(seconds)},
        seconds,
        answer=answers.number(seconds, 's'),
    )
    return {task: dwell if task == 'dwell' else yes_or_no for task in _TASKS}


def _calibrate(where: Space, to_scores, click, conversion, rng) -> dict[str, float]:
    """Find the biases that give the rates, from many impressions."""
    score = _STEEP * scores(where, draw(where, _CALIBRATION, rng), to_scores)
    clicked, bought, _, safe = score.T
    even = np.ones(len(score))
    biases = {'click': _bias(clicked, even, click), 'safety': _bias(safe, even, _SAFE)}
    clicks = _sigmoid(biases['click'] + clicked)
    return biases | {'conversion': _bias(bought, clicks, conversion)}


def _bias(score: np.ndarray, weight: np.ndarray, rate: float) -> float:
    """Find the bias by bisection: the mean of ``sigmoid(bias + score)`` grows with it."""
    low, high = -100.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        below = np.average(_sigmoid(middle + score), weights=weight) < rate
        low, high = (middle, high) if below else (low, middle)
    return low


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def _draw(where: Space, to_scores, bias, size, rng) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw inputs and targets of ``size`` impressions. All have a dwell time, in log seconds."""
    columns = draw(where, size, rng)
    score = dict(zip(_TASKS, scores(where, columns, to_scores).T, strict=True))
    chance = {task: rng.uniform(size=size) for task in bias}
    yes = {task: chance[task] < _sigmoid(b + _STEEP * score[task]) for task, b in bias.items()}
    mean, explained, noise = _DWELL
    return _inputs(columns), {
        'click': yes['click'].astype(np.int32),
        'conversion': (yes['click'] & yes['conversion']).astype(np.int32),
        'dwell': mean + explained * score['dwell'] + noise * rng.normal(size=size),
        'safety': yes['safety'].astype(np.int32),
    }


def _inputs(columns: Columns) -> dict[str, np.ndarray]:
    return {'categorical': columns.categorical, 'numeric': columns.numeric.astype(np.float32)}


def _mask(targets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    seen = targets['click'] > 0
    return {task: seen if task == 'dwell' else np.ones(len(seen), bool) for task in _TASKS}


def _thinned(masks: Mapping[str, np.ndarray], labels, rng) -> dict[str, np.ndarray]:
    """Keep a share of the labels of each task: the first ones in a random order, at least two."""
    thinned = {}
    for task, mask in masks.items():
        order = rng.permutation(len(mask))
        there = order[mask[order]]
        thinned[task] = np.zeros_like(mask)
        thinned[task][there[: max(round(labels.get(task, 1.0) * len(there)), 2)]] = True
    if not thinned['dwell'].any():
        raise ValueError(
            f'The training split should have a click. Found none in {len(mask)} impressions. '
            'Increase train or click.'
        )
    return thinned


def _check(sizes, click, conversion, conflict, labels, seed) -> None:
    for name, rate in (('click', click), ('conversion', conversion)):
        check_option(name, rate, 'in (0, 1)', lambda found: (found > 0) & (found < 1))
    angle = 'an angle in degrees, 0 to 180'
    check_option('conflict', conflict, angle, lambda found: (found >= 0) & (found <= 180))
    check_seed('seed', seed)
    for name, size in sizes.items():
        check_count(name, size, 1)
    unknown = set(labels) - set(_TASKS)
    if unknown:
        raise ValueError(f'labels should name tasks, {list(_TASKS)}. Found {sorted(unknown)}.')
    for task, share in labels.items():
        expected = 'in (0, 1]'
        check_option(f'labels[{task!r}]', share, expected, lambda s: (s > 0) & (s <= 1))
