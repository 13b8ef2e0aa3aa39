"""Functions that compute the gradient of the loss of each task, from one forward pass.

An engine is a way to compute these gradients; `task_gradients` lists the engines.
"""

from mtljax._renamed import renamed as _renamed
from mtljax.gradients._cosines import cosines
from mtljax.gradients._cut import Cut
from mtljax.gradients._engines import check_engine, choose
from mtljax.gradients._jacobian import Stacked, as_jacobian
from mtljax.gradients._model_jacobian import ModelJacobian
from mtljax.gradients._task_gradients import task_gradients

__all__ = [
    'Cut',
    'ModelJacobian',
    'Stacked',
    'as_jacobian',
    'check_engine',
    'choose',
    'cosines',
    'task_gradients',
]

_MOVED = ('convolves', 'device_memory')
__getattr__ = _renamed(__name__, {name: f'mtljax.tracing:{name}' for name in _MOVED})
