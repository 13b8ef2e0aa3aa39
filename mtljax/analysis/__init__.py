"""Tables and figures of results."""

from mtljax.analysis._branching import Branching, branching
from mtljax.analysis._conflicts import Conflicts, conflict_figure, conflicts
from mtljax.analysis._cost import Cost, cost, cost_table, count
from mtljax.analysis._estimate_transfer import estimate_transfer
from mtljax.analysis._fronts import fronts, pareto
from mtljax.analysis._learning import learning_curves
from mtljax.analysis._lookahead import lookahead
from mtljax.analysis._mixing import heat_maps, mixing
from mtljax.analysis._paired import paired, paired_table, student_interval
from mtljax.analysis._plots import curves, intervals
from mtljax.analysis._summary import (
    Record,
    as_table,
    mean_and_error,
    mean_ranks,
    summary,
    undefined,
)
from mtljax.analysis._table import Table
from mtljax.analysis._task_groups import task_groups
from mtljax.analysis._trajectories import Path, Plane, trajectories
from mtljax.analysis._transfer_affinity import transfer_affinity

__all__ = [
    'Branching',
    'Conflicts',
    'Cost',
    'Path',
    'Plane',
    'Record',
    'Table',
    'as_table',
    'branching',
    'conflict_figure',
    'conflicts',
    'cost',
    'cost_table',
    'count',
    'curves',
    'estimate_transfer',
    'fronts',
    'heat_maps',
    'intervals',
    'learning_curves',
    'lookahead',
    'mean_and_error',
    'mean_ranks',
    'mixing',
    'paired',
    'paired_table',
    'pareto',
    'student_interval',
    'summary',
    'task_groups',
    'trajectories',
    'transfer_affinity',
    'undefined',
]
