"""Multi-task learning in JAX.

A model is a pair of pure functions that make and read a tree of parameters. A multi-task technique
is a transform of this tree or of its gradients.
"""

from mtljax import (
    analysis,
    answers,
    backbones,
    build,
    data,
    files,
    gradients,
    heads,
    losses,
    metrics,
    module,
    moves,
    penalties,
    serving,
    sharing,
    solvers,
    surgery,
    testing,
    tracing,
    training,
    trees,
    weighting,
)
from mtljax.base import (
    Answer,
    Batch,
    Dataset,
    Jacobian,
    Metric,
    Module,
    MultiTask,
    Split,
    Task,
    TrainState,
    Weighting,
)
from mtljax.build import load

__version__ = '0.1.0'

__all__ = [
    'Answer',
    'Batch',
    'Dataset',
    'Jacobian',
    'Metric',
    'Module',
    'MultiTask',
    'Split',
    'Task',
    'TrainState',
    'Weighting',
    'analysis',
    'answers',
    'backbones',
    'build',
    'data',
    'files',
    'gradients',
    'heads',
    'load',
    'losses',
    'metrics',
    'module',
    'moves',
    'penalties',
    'serving',
    'sharing',
    'solvers',
    'surgery',
    'testing',
    'tracing',
    'training',
    'trees',
    'weighting',
]
