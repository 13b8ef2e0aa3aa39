"""Evidence: tables and plots."""

from mtljax.analysis._plots import bars, curves
from mtljax.analysis._summary import Record, as_table, mean_and_error, summary
from mtljax.analysis._table import Table

__all__ = ['Record', 'Table', 'as_table', 'bars', 'curves', 'mean_and_error', 'summary']
