"""Checks for data sets, methods and schemes outside mtljax: the rules that those of mtljax keep."""

from mtljax.testing._data import check_data
from mtljax.testing._scheme import check_scheme
from mtljax.testing._surgery import check_surgery
from mtljax.testing._weighting import check_weighting

__all__ = ['check_data', 'check_scheme', 'check_surgery', 'check_weighting']
