"""A learning rate from one short training in which the rate grows."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optax

from mtljax.base import Array, Dataset, MultiTask
from mtljax.module import shapes
from mtljax.options import check_count, check_option, check_positive, check_seed
from mtljax.training._labels import check_labels, ranges_of
from mtljax.training._options import Options
from mtljax.training._parallel import strategy_of
from mtljax.training._preflight import check_arguments, checked_start
from mtljax.training._runner import Infos, runner, scans_well

_DECAY = 0.9  # of the running means of the losses
_UNSTEADY = 10  # steps at the start in which these means are unsteady
_DIVERGED = 4.0  # times the lowest loss: the rest of the curve is left out


class RateCurve(NamedTuple):
    """The losses of a training in which the learning rate grows.

    Attributes:
      rates: The learning rate of each step, ``[n]``. Steps after the training diverged are left
        out.
      losses: The sum of the weighted task losses before each step, ``[n]``.
      smoothed: A mean of the losses around each step, ``[n]``.
      suggestion: The learning rate where ``smoothed`` falls fastest, over the logarithm of the
        rate. It is NaN if ``smoothed`` never falls.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float


def find_learning_rate(
    model: MultiTask,
    dataset: Dataset,
    tx_of: Callable[[Callable[[Array], Array]], optax.GradientTransformation],
    options: Options | None = None,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    count: int = 100,
    seed: int = 0,
    **keywords: Any,
) -> RateCurve:
    """Find a learning rate by the range test: train a little with a rate that grows exponentially.

    Step i of n has the learning rate ``lowest * (highest / lowest)^(i / (n - 1))``. While the rate
    is too small, the loss does not change. Then it falls, and at last the training diverges. The
    suggestion is the rate where the loss falls fastest. The steps run in one ``lax.scan`` where
    `train` would use one. Paper: Smith, Cyclical learning rates for training neural networks, WACV
    2017, https://arxiv.org/abs/1506.01186. The paper increases the rate linearly and reads two
    bounds off the curve; the exponential increase and the suggestion are common later practice.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set. Only its training split is used.
      tx_of: A function from a learning rate, which is a function of the step, to the optax chain,
        such as ``lambda rate: optax.chain(surgery.sum(), optax.adam(rate))``.
      options: An `Options` object. You can pass its fields as keywords instead. ``steps`` does not
        matter here.
      lowest: The learning rate of the first step.
      highest: The learning rate of the last step.
      count: The number of steps, n. With few steps or small batches, the losses are noisy, and the
        suggestion is rough.
      seed: The seed of the initial parameters, of the order of the examples and of dropout.
      **keywords: Fields of `Options`. Without ``options``, ``batch_size`` is required.

    Returns:
      A `RateCurve`.

    Raises:
      ValueError: An argument is wrong, as for `train`, or ``highest`` is not above ``lowest``.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> def tx_of(rate):
    ...     return optax.chain(surgery.sum(), optax.adam(rate))
    >>> curve = find_learning_rate(model, digits, tx_of, batch_size=16)
    >>> 1e-5 < curve.suggestion < 1
    True
    """
    check_count('count', count, 10)
    check_positive('lowest', lowest)
    check_option('highest', highest, f'above lowest = {lowest}', lambda value: value > lowest)
    check_seed('seed', seed)
    if not callable(tx_of):
        raise ValueError(f'tx_of should be a function of a learning rate. Found {tx_of!r:.200}.')
    unused = dict.fromkeys(('eval_every', 'average_last', 'task_patience', 'ema'))
    options = Options.of(options, **{**keywords, **unused, 'steps': count, 'log_every': 1})

    def rate(step):
        return lowest * (highest / lowest) ** (step / (count - 1))

    infos = _trained(model, dataset, tx_of(rate), options, seed)
    losses = sum(infos['loss'][task] * infos['weight'][task] for task in model.tasks)
    return _curve(rate(np.arange(count)), np.asarray(losses, np.float64))


def _trained(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options,
    seed: int,
) -> Infos:
    """Train; return the infos of all steps."""
    check_arguments(options, dataset, tx, [seed])
    strategy = strategy_of(options.parallel)
    step = options.step(model, dataset.tasks, tx)
    start = checked_start(model, dataset, step, seed)
    dataset = check_labels(dataset, ranges_of(model, dataset, start))
    run = runner(
        step.update,
        dataset.train,
        strategy,
        batch_size=options.batch_size,
        seed=seed,
        steps=options.steps,
        scan=scans_well(model, start, shapes(dataset.train.example)),
        stream=options.stream,
        workers=options.workers,
    )
    return run(strategy.replicate(start), 0, options.steps)[1]


def _curve(rates: np.ndarray, losses: np.ndarray) -> RateCurve:
    """Smooth the losses, cut them off where they diverge, and find the steepest fall.

    >>> rates = 10.0 ** np.arange(-6, 0)
    >>> curve = _curve(rates, np.array([2.0, 2.0, 1.5, 1.0, 1.1, np.nan]))
    >>> len(curve.rates), float(curve.suggestion)
    (5, 0.0001)
    """
    finite = np.isfinite(losses)
    losses = losses if finite.all() else losses[: int(np.argmin(finite))]
    before = _running_mean(losses)
    lows = np.minimum.accumulate(before)
    diverged = before - lows > (_DIVERGED - 1) * np.abs(lows)
    end = int(np.argmax(diverged)) if diverged.any() else len(losses)
    rates, losses = rates[:end], losses[:end]
    # A mean over earlier steps alone would come late, and so suggest too high a rate.
    smoothed = (_running_mean(losses) + _running_mean(losses[::-1])[::-1]) / 2
    return RateCurve(rates, losses, smoothed, _steepest(rates, smoothed))


def _running_mean(values: np.ndarray) -> np.ndarray:
    means, mean = np.empty(len(values)), 0.0
    for index, value in enumerate(values):
        mean = _DECAY * mean + (1 - _DECAY) * value
        means[index] = mean / (1 - _DECAY ** (index + 1))
    return means


def _steepest(rates: np.ndarray, smoothed: np.ndarray) -> float:
    last = int(np.argmin(smoothed)) + 1 if len(smoothed) else 0
    if last < 2:
        return math.nan
    first = min(_UNSTEADY, last // 4)  # means of few steps jump, and no loss falls so early
    slopes = np.gradient(smoothed[:last], np.log(rates[:last]))[first:]
    return float(rates[first + int(np.argmin(slopes))])
