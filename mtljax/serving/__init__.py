"""Answers for new examples, in batches of a few fixed sizes."""

from mtljax.serving._batches import in_batches
from mtljax.serving._program import Parts, program

__all__ = ['Parts', 'in_batches', 'program']
