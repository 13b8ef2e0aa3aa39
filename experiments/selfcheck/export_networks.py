"""The table of networks that can be exported, for the suite `export` and for the tests."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from experiments.selfcheck.sharing_problem import tasks_of
from experiments.selfcheck.sharing_schemes import SCHEMES, build
from mtljax import backbones, heads, sharing
from mtljax.base import Module, MultiTask, Task

_BOTH = {'a': heads.linear(), 'b': heads.linear(3)}
_PIXELS = {'a': heads.pixel(3), 'b': heads.pixel()}
_VECTOR, _IMAGE = (12,), (33, 35, 3)  # odd sizes need padding
_TOKENS, _LARGEST = (9,), 11


class Network(NamedTuple):
    """A backbone with the heads of its tasks.

    Attributes:
      backbone: The backbone.
      shape: The shape of one input; None stands for the columns of a table.
      ends: The head of each task.
    """

    backbone: tuple[Module, ...]
    shape: tuple[int, ...] | None
    ends: Mapping[str, Module]


class Case(NamedTuple):
    """A model to export, its tasks, and a batch of inputs."""

    model: MultiTask
    tasks: Mapping[str, Task]
    inputs: Any


NETWORKS = {
    'tabular': Network(backbones.tabular((3, 5), 4, embedding=(2, 3), widths=(8,)), None, _BOTH),
    'mlp': Network(backbones.mlp((8, 8)), _VECTOR, _BOTH),
    'lenet': Network(backbones.lenet(), _IMAGE, _BOTH),
    'resnet': Network(backbones.resnet(), _IMAGE, _BOTH),
    'resnet large': Network(backbones.resnet((8, 16), stem='large'), _IMAGE, _BOTH),
    'efficientnet_lite0': Network(backbones.efficientnet_lite0(), _IMAGE, _BOTH),
    'segnet': Network(backbones.segnet((8, 8), (1, 2)), (32, 36, 3), _PIXELS),
    'unet': Network(backbones.unet((4, 8, 8)), _IMAGE, _PIXELS),
    'deeplab': Network(backbones.resnet(), _IMAGE, {'a': heads.deeplab(3)}),
    'transformer': Network(
        backbones.transformer(vocabulary=_LARGEST), _TOKENS, {'a': heads.token(4)}
    ),
}
"""One row per backbone, with an input of its kind."""


def inputs_of(shape: tuple[int, ...] | None, count: int = 5) -> Any:
    """Return inputs of a network: columns of a table, token ids, or numbers of this shape."""
    rng = np.random.default_rng(0)
    if shape is None:
        return {
            'categorical': rng.integers(3, size=(count, 2)).astype(np.int32),
            'numeric': rng.normal(size=(count, 4)).astype(np.float32),
        }
    if shape == _TOKENS:
        return rng.integers(_LARGEST, size=(count, *shape)).astype(np.int32)
    return rng.normal(size=(count, *shape)).astype(np.float32)


def cases() -> dict[str, Case]:
    """Return every backbone with hard sharing, and every scheme on vectors and on images."""
    found = {}
    for name, (backbone, shape, ends) in NETWORKS.items():
        tasks = {task: Task(head, _no_loss) for task, head in ends.items()}
        found[name] = Case(sharing.hard(backbone, ends), tasks, inputs_of(shape))
    for name, scheme in SCHEMES.items():
        tasks = tasks_of(scheme.tasks, scheme.num_tasks)
        plain = backbones.mlp((8,) * scheme.num_stages)
        found[f'{name} on mlp'] = Case(build(scheme, plain, tasks), tasks, inputs_of(_VECTOR))
        if scheme.tasks == 'any':
            images = build(scheme, backbones.lenet(), tasks)
            found[f'{name} on lenet'] = Case(images, tasks, inputs_of(_IMAGE))
    return found


def _no_loss(prediction: Any, target: Any) -> Any:
    raise NotImplementedError('These tasks are not trained.')
