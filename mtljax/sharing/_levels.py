"""Levels of experts that belong to tasks or to all."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax.base import Module
from mtljax.module import serial, stack
from mtljax.sharing._check import check_range


class Units(NamedTuple):
    """Who owns which of the N experts of a level: first each task's, in order, then the common.

    Attributes:
      tasks: T.
      own: experts of each task.
      shared: experts of the unit that is nobody's.
    """

    tasks: int
    own: int
    shared: int

    @property
    def experts(self) -> int:
        """N."""
        return self.tasks * self.own + self.shared

    def split(self, rows: Any) -> tuple[Any, Any]:
        """The outputs of all experts as ``[T, own, ...]`` and ``[shared, ...]``."""
        mine = self.tasks * self.own
        own = jax.tree.map(
            lambda leaf: leaf[:mine].reshape(self.tasks, self.own, *leaf.shape[1:]), rows
        )
        return own, jax.tree.map(lambda leaf: leaf[mine:], rows)

    def copies(self, expert: Module, *, first: bool) -> Module:
        """All experts of a level, stacked, each on its unit's row ``[U, B, ...] -> [N, B, ...]``.

        On the ``first`` level all units have one input, without the leading axis. Where tasks have
        no experts, there is one unit.
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
    """The expert of every level, and the stages behind the last level.

    Raises:
      ValueError: ``levels`` are no positive numbers of stages, or more than there are.
    """
    start, stop = check_range(backbone, start, None)
    sizes = [1] * (stop - start) if levels is None else levels
    known = isinstance(sizes, Sequence) and all(isinstance(size, int) for size in sizes)
    if not known or not sizes or min(sizes) < 1 or sum(sizes) > stop - start:
        raise ValueError(
            f'levels should be how many of the {stop - start} stages each level has, one at least. '
            f'Found levels = {levels}.'
        )
    ends = start + np.cumsum([0, *sizes])
    made = [serial(*backbone[a:b]) for a, b in itertools.pairwise(ends)]
    return made, backbone[ends[-1] :]
