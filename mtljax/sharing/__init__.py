"""Sharing schemes: ``scheme(backbone, heads, **options) -> MultiTask``."""

from mtljax.sharing._branched import branched
from mtljax.sharing._hard import hard
from mtljax.sharing._independent import independent

__all__ = ['branched', 'hard', 'independent']
