"""The table of sharing schemes, for the trainings of this program and for the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mtljax import heads, sharing
from mtljax.base import Module, MultiTask, Task


@dataclass(frozen=True)
class Scheme:
    """A sharing scheme with its options.

    Attributes:
      build: A function ``(backbone, heads, **options) -> MultiTask``.
      options: The options of the scheme. ``at``, ``funnel`` and ``groups`` have numbers of tasks,
        not names.
      tasks: ``'any'``, ``'alike'`` (the same head for all) or ``'logits'`` (events of a funnel).
      num_tasks: The number of tasks in the test.
      num_stages: The number of stages in the test.
    """

    build: Callable[..., MultiTask]
    options: Mapping[str, Any] = field(default_factory=dict)
    tasks: str = 'any'
    num_tasks: int = 2
    num_stages: int = 2


SCHEMES = {
    'independent': Scheme(sharing.independent, num_stages=1),
    'hard': Scheme(sharing.hard, num_stages=1),
    'branched': Scheme(sharing.branched, {'at': {1: 1}}),
    'grouped': Scheme(sharing.grouped, {'groups': ((0, 1), (2,)), 'at': 1}, num_tasks=3),
    'soft': Scheme(sharing.soft, num_stages=1),
    'cross_stitch': Scheme(sharing.cross_stitch),
    'sluice': Scheme(sharing.sluice),
    'nddr': Scheme(sharing.nddr),
    'mmoe': Scheme(sharing.mmoe, {'num_experts': 3}, num_stages=1),
    'omoe': Scheme(sharing.omoe, {'num_experts': 3}, num_stages=1),
    'dselect_k': Scheme(sharing.dselect_k, {'num_experts': 4, 'entropy': 0.01}, num_stages=1),
    'cgc': Scheme(sharing.cgc, num_stages=1),
    'ple': Scheme(sharing.ple),
    'adatt': Scheme(sharing.adatt),
    'mtan': Scheme(sharing.mtan),
    'film': Scheme(sharing.film),
    'adapters': Scheme(sharing.adapters, {'width': 4}),
    'task_token': Scheme(sharing.task_token, {}, 'alike'),
    'esmm': Scheme(sharing.esmm, {}, 'logits', num_stages=1),
    'aitm': Scheme(sharing.aitm, {}, 'logits', num_stages=1),
}
"""One row per scheme: the program trains each of them."""

VARIANTS = {
    'branched early': Scheme(sharing.branched, {'at': {0: 1, 1: 2}}, num_tasks=3),
    'branched input': Scheme(sharing.branched, {'at': {1: 0}}),
    'branched own': Scheme(sharing.branched, {'at': {0: 1, 1: 0}, 'own_stages': True}, num_tasks=3),
    'grouped apart': Scheme(sharing.grouped, {'groups': ((0, 2),)}, num_tasks=3),
    'grouped twice': Scheme(sharing.grouped, {'groups': ((0, 2), (3, 1)), 'at': 1}, num_tasks=4),
    'soft above': Scheme(sharing.soft, {'parallel': [1]}, num_tasks=3),
    'soft below': Scheme(sharing.soft, {'parallel': [0]}),
    'cross_stitch three': Scheme(sharing.cross_stitch, num_tasks=3),
    'cross_stitch some': Scheme(
        sharing.cross_stitch, {'start': 1, 'after': [1], 'per_channel': True}, num_stages=3
    ),
    'sluice deep': Scheme(sharing.sluice, num_stages=3),
    'sluice plain': Scheme(sharing.sluice, {'mixture': False, 'after': [0], 'own': 0.5}),
    'nddr plain': Scheme(sharing.nddr, {'norm': False, 'start': 1}),
    'mmoe three': Scheme(sharing.mmoe, {'num_experts': 3}, num_tasks=3),
    'mmoe some': Scheme(
        sharing.mmoe,
        {'num_experts': 2, 'start': 1, 'stop': 2, 'gate_at': 0, 'gate': heads.linear},
        num_stages=3,
    ),
    'omoe deep gate': Scheme(sharing.omoe, {'num_experts': 3, 'gate': heads.mlp((5,), 3)}),
    'dselect_k five': Scheme(sharing.dselect_k, {'num_experts': 5, 'entropy': 0.1}),
    'dselect_k constant': Scheme(sharing.dselect_k, {'num_experts': 4, 'per_example': False}),
    'cgc some': Scheme(sharing.cgc, {'num_shared': 2, 'stop': 1}),
    'ple two': Scheme(sharing.ple, {'num_own': 2}),
    'ple deep': Scheme(sharing.ple, num_stages=3),
    'ple shared': Scheme(sharing.ple, {'num_own': 0, 'num_shared': 2}),
    'adatt common': Scheme(sharing.adatt, {'num_own': 2, 'num_shared': 1}),
    'film three': Scheme(sharing.film, num_tasks=3),
    'film late': Scheme(sharing.film, {'after': [1]}),
    'task_token prepended': Scheme(sharing.task_token, {'how': 'prepend', 'before': 1}, 'alike'),
    'esmm three': Scheme(sharing.esmm, {}, 'logits', num_tasks=3),
    'aitm some': Scheme(sharing.aitm, {'funnel': (0, 1)}, 'logits', num_tasks=3),
    'aitm late': Scheme(sharing.aitm, {'start': 1, 'calibrate': 3.0}, 'logits', num_tasks=3),
}
"""Schemes with other options: only the contract tests go through them."""


def build(
    scheme: Scheme,
    backbone: tuple[Module, ...],
    tasks: Mapping[str, Task],
    per_task_input: bool = False,
) -> MultiTask:
    """Return a model. Numbers of tasks in the options are replaced by names."""
    names = list(tasks)
    options = dict(scheme.options)
    if 'groups' in options:
        groups = [[at for at in group if at < len(names)] for group in options['groups']]
        options['groups'] = [[names[at] for at in group] for group in groups if group]
    elif 'at' in options:
        options['at'] = {names[at]: d for at, d in options['at'].items() if at < len(names)}
    if 'funnel' in options:
        options['funnel'] = [names[at] for at in options['funnel']]
    ends = {name: task.head for name, task in tasks.items()}
    model = scheme.build(backbone, ends, **options)
    return sharing.multi_input(model) if per_task_input else model
