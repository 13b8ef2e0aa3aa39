"""Evidence: tables and plots."""

from mtljax.analysis._plots import curves, intervals
from mtljax.analysis._summary import Record, as_table, mean_and_error, summary
from mtljax.analysis._table import Table

__all__ = ['Record', 'Table', 'as_table', 'curves', 'intervals', 'mean_and_error', 'summary']
