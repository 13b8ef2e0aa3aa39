"""Properties of a function, such as whether it has a convolution, and the memory of a device."""

from mtljax.tracing._memory import device_memory, free_memory
from mtljax.tracing._operations import attends, convolves, only_reverse, operations

__all__ = ['attends', 'convolves', 'device_memory', 'free_memory', 'only_reverse', 'operations']
