"""Levels of experts; an expert belongs to one task or to all tasks."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax.base import Module
from mtljax.module import serial, stack
from mtljax.sharing._check import check_range


class Units(NamedTuple):
    """The N experts of a level: first those of each task, in order, then the common ones.

    Attributes:
      tasks: The number of tasks T.
      own: The number of experts of each task.
      shared: The number of common experts.
    """

    tasks: int
    own: int
    shared: int

    @property
    def experts(self) -> int:
        """The number of experts N."""
        return self.tasks * self.own + self.shared

    def split(self, rows: Any) -> tuple[Any, Any]:
        """Split the outputs of all experts: ``[T, own, ...]`` and ``[shared, ...]``."""
        count = self.tasks * self.own
        of_tasks = jax.tree.map(
            lambda leaf: leaf[:count].reshape(self.tasks, self.own, *leaf.shape[1:]), rows
        )
        return of_tasks, jax.tree.map(lambda leaf: leaf[count:], rows)

    def copies(self, expert: Module, *, first: bool) -> Module:
        """Stack all experts of a level; each reads the row of its unit.

        A unit is a task, or the common experts. The input is ``[U, B, ...]`` for U units, and the
        output is ``[N, B, ...]``. On the ``first`` level all units have the same input, without the
        first axis. If tasks have no experts, there is one unit.
        """
        every = stack(expert, self.experts, shared_input=first)
        sizes = [self.own] * self.tasks + [self.shared] if self.own else [self.shared]
        owner = np.repeat(np.arange(len(sizes)), sizes)

        def rows_of(x):
            return x if first else jax.tree.map(lambda leaf: leaf[owner], x)

        def init(key, x):
            return every.init(key, jax.eval_shape(rows_of, x))

        def apply(params, state, x, *, key=None, train=False):
            return every.apply(params, state, rows_of(x), key=key, train=train)

        return Module(init, apply)


def split_levels(
    backbone: tuple[Module, ...], start: int, levels: Sequence[int] | None
) -> tuple[list[Module], tuple[Module, ...]]:
    """Return the expert of every level, and the stages after the last level.

    Raises:
      ValueError: ``levels`` are not positive numbers of stages, or their sum is too large.
    """
    start, stop = check_range(backbone, start, None)
    sizes = [1] * (stop - start) if levels is None else levels
    is_valid = isinstance(sizes, Sequence) and all(isinstance(size, int) for size in sizes)
    if not is_valid or not sizes or min(sizes) < 1 or sum(sizes) > stop - start:
        raise ValueError(
            f'levels should be numbers of stages >= 1 with a sum of at most {stop - start}. '
            f'Found levels = {levels}.'
        )
    ends = start + np.cumsum([0, *sizes])
    experts = [serial(*backbone[a:b]) for a, b in itertools.pairwise(ends)]
    return experts, backbone[ends[-1] :]
