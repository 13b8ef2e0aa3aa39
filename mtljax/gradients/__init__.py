"""Per-task gradients: one forward pass, one row per task."""

from mtljax.gradients._cosines import cosines
from mtljax.gradients._cut import Cut
from mtljax.gradients._jacobian import Engine, Pullback, Stacked, as_jacobian
from mtljax.gradients._parts import Own, Parts
from mtljax.gradients._task_gradients import task_gradients

__all__ = [
    'Cut',
    'Engine',
    'Own',
    'Parts',
    'Pullback',
    'Stacked',
    'as_jacobian',
    'cosines',
    'task_gradients',
]
