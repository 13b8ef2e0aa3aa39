"""Gradient surgery: optax transforms from per-task gradients to one gradient."""

from mtljax.surgery._from_gramian import Surgery, SurgeryState, from_gramian, transform
from mtljax.surgery._mean import mean
from mtljax.surgery._on_shared import on_shared
from mtljax.surgery._pcgrad import pcgrad
from mtljax.surgery._sum import sum

__all__ = [
    'Surgery',
    'SurgeryState',
    'from_gramian',
    'mean',
    'on_shared',
    'pcgrad',
    'sum',
    'transform',
]
