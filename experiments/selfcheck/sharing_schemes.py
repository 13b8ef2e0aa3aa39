"""Sharing schemes with their options, and how a model is built of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mtljax import sharing
from mtljax.base import Module, MultiTask, Task


@dataclass(frozen=True)
class Scheme:
    """A scheme and its options.

    Attributes:
      build: ``(backbone, heads, **options) -> MultiTask``.
      options: as the scheme takes them; ``at`` numbers the tasks.
      tasks: ``'any'``, ``'alike'`` (the same head for all) or ``'logits'`` (events of a funnel).
    """

    build: Callable[..., MultiTask]
    options: Mapping[str, Any] = field(default_factory=dict)
    tasks: str = 'any'


SCHEMES = {
    'independent': Scheme(sharing.independent),
    'hard': Scheme(sharing.hard),
    'branched': Scheme(sharing.branched, {'at': {1: 1}}),
    'soft': Scheme(sharing.soft),
    'cross_stitch': Scheme(sharing.cross_stitch),
    'sluice': Scheme(sharing.sluice),
    'nddr': Scheme(sharing.nddr),
    'mmoe': Scheme(sharing.mmoe, {'num_experts': 3}),
    'omoe': Scheme(sharing.omoe, {'num_experts': 3}),
    'dselect_k': Scheme(sharing.dselect_k, {'num_experts': 4, 'entropy': 0.01}),
    'cgc': Scheme(sharing.cgc),
    'ple': Scheme(sharing.ple),
    'adatt': Scheme(sharing.adatt),
    'mtan': Scheme(sharing.mtan),
    'film': Scheme(sharing.film),
    'adapters': Scheme(sharing.adapters, {'width': 4}),
    'task_token': Scheme(sharing.task_token, {}, 'alike'),
    'esmm': Scheme(sharing.esmm, {}, 'logits'),
    'aitm': Scheme(sharing.aitm, {}, 'logits'),
}


def build(
    scheme: Scheme,
    backbone: tuple[Module, ...],
    tasks: Mapping[str, Task],
    per_task_input: bool = False,
) -> MultiTask:
    """The model of a scheme; tasks that its options number are named, those beyond left out."""
    names = list(tasks)
    options = dict(scheme.options)
    if 'at' in options:
        options['at'] = {names[at]: d for at, d in options['at'].items() if at < len(names)}
    own = {name: task.head for name, task in tasks.items()}
    model = scheme.build(backbone, own, **options)
    return sharing.multi_input(model) if per_task_input else model
