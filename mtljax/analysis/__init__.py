"""Evidence: tables and plots."""

from mtljax.analysis._plots import curves, intervals
from mtljax.analysis._summary import Record, as_table, mean_and_error, summary
from mtljax.analysis._table import Table
from mtljax.analysis._trajectories import Path, Plane, trajectories

__all__ = [
    'Path',
    'Plane',
    'Record',
    'Table',
    'as_table',
    'curves',
    'intervals',
    'mean_and_error',
    'summary',
    'trajectories',
]
