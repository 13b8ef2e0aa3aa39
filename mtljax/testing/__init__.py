"""Checks for methods that are written outside mtljax: the rules that its own methods keep."""

from mtljax.testing._surgery import check_surgery
from mtljax.testing._weighting import check_weighting

__all__ = ['check_surgery', 'check_weighting']
