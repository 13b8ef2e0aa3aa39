"""One short training of a sharing scheme, and a check that it learned."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from experiments.selfcheck.sharing_problem import batch_of, tasks_of
from experiments.selfcheck.sharing_schemes import SCHEMES, build
from mtljax import backbones, surgery, training, weighting
from mtljax.base import Module, Weighting
from mtljax.surgery import Surgery

STEPS = 80
LAST = 10
SHARE = 0.5
"""A task has learned when the median loss of its last steps is below this share of its first."""

COUNTS = (1, 2, 5)
_ALL_BACKBONES, _ON_RESNET = ('mlp', 'lenet'), ('hard', 'cross_stitch', 'mmoe', 'mtan')


class Backbone(NamedTuple):
    """Stages, and the shape of an example."""

    stages: tuple[Module, ...]
    shape: tuple[int, ...]


BACKBONES = {
    'mlp': Backbone(backbones.mlp((32, 16)), (8,)),
    'lenet': Backbone(backbones.lenet((4, 6), kernel=3, width=32), (8, 8)),
    'resnet': Backbone(backbones.resnet((4, 8), (1, 1), norm='batch'), (8, 8)),
}
METHODS: dict[str, tuple[Callable[[], Weighting], Callable[[], Surgery]]] = {
    'equal': (weighting.equal, surgery.sum),
    'uncertainty': (weighting.uncertainty, surgery.sum),
    'pcgrad': (weighting.equal, surgery.pcgrad),
}


class Row(NamedTuple):
    """One training: names in the tables, the number of tasks, and one input or one per task."""

    scheme: str
    backbone: str
    method: str
    count: int
    per_task: bool


class NotLearnedError(Exception):
    """A training failed. The message says why."""


def rows(schemes: Any = SCHEMES) -> list[Row]:
    """Return all trainings of some schemes; the residual network has few schemes, two tasks."""
    return [
        Row(scheme, backbone, method, count, per_task)
        for backbone in BACKBONES
        for scheme in schemes
        if backbone in _ALL_BACKBONES or scheme in _ON_RESNET
        for count in (COUNTS if backbone in _ALL_BACKBONES else (2,))
        for per_task in (False, True)
        for method in METHODS
    ]


def train(row: Row, *, learning_rate: float = 0.01, steps: int = STEPS) -> dict[str, float]:
    """Train, and return for each task the median loss of the last steps divided by the first loss.

    Raises:
      NotLearnedError: A loss did not fall below ``SHARE`` times its start, something is not finite,
        or the state has another structure, shape or type than at the start.
    """
    scheme, backbone = SCHEMES[row.scheme], BACKBONES[row.backbone]
    tasks = tasks_of(scheme.tasks, row.count)
    batch = batch_of(tasks, backbone.shape, row.per_task)
    model = build(scheme, backbone.stages, tasks, row.per_task)
    weigh, combine = METHODS[row.method]
    tx = optax.chain(surgery.on_shared(combine()), optax.adam(learning_rate))
    step = training.train_step(model, tasks, tx, weighting=weigh())
    state = step.init(jax.random.key(0), batch)
    before, losses = avals(state), []
    update = jax.jit(step.update, donate_argnums=0)
    for _ in range(steps):
        state, info = update(state, batch)
        losses.append(info['loss'])
    if avals(state) != before:
        raise NotLearnedError('the structure, a shape or a type of the state changed')
    return judge(jax.device_get(losses), jax.device_get((state.params, state.state)))


def judge(losses: list[dict[str, Any]], trees: Any) -> dict[str, float]:
    """Return the result of `train`, from the losses ``{task: scalar}`` and the last trees."""
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((losses, trees))):
        raise NotLearnedError('a loss, a parameter or a statistic is not finite')
    shares = {}
    for task, first in losses[0].items():  # a median: a network of towers in a row may leap once
        shares[task] = float(np.median([step[task] for step in losses[-LAST:]]) / first)
    poor = {task: f'{share:.2f}' for task, share in shares.items() if share >= SHARE}
    if poor:
        raise NotLearnedError(f'more than {SHARE} of the loss is left: {poor}')
    return shares


def avals(tree: Any) -> tuple[Any, list[Any]]:
    """Return the structure, and shape, dtype and weak type of every leaf."""
    return jax.tree.structure(tree), [jax.typeof(leaf) for leaf in jax.tree.leaves(tree)]
