"""Multi-task learning in JAX: models and techniques as transforms of a parameter tree."""

from mtljax import (
    analysis,
    backbones,
    data,
    gradients,
    heads,
    losses,
    metrics,
    module,
    penalties,
    sharing,
    surgery,
    training,
    trees,
    weighting,
)
from mtljax.base import (
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

__version__ = '0.1.0'

__all__ = [
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
    'backbones',
    'data',
    'gradients',
    'heads',
    'losses',
    'metrics',
    'module',
    'penalties',
    'sharing',
    'surgery',
    'training',
    'trees',
    'weighting',
]
