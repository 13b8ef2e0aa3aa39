"""Checks for your own data sets, sharing schemes, surgeries and weightings.

Each function checks the rules that all objects of one kind in mtljax follow, for example all
sharing schemes. Call the function in your tests. If a rule is broken, it raises an AssertionError
that says which rule.
"""

from mtljax.testing._data import check_data
from mtljax.testing._scheme import check_scheme
from mtljax.testing._surgery import check_surgery
from mtljax.testing._weighting import check_weighting

__all__ = ['check_data', 'check_scheme', 'check_surgery', 'check_weighting']
