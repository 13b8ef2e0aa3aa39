"""The memory of a device and of this computer."""

from pathlib import Path

import jax

_MEMORY = Path('/proc/meminfo')


def device_memory() -> int | None:
    """How much memory programs may use on the first device, in bytes.

    Returns:
      The number of bytes. None on a CPU, and on a device that does not report its memory.

    >>> device_memory() is None or device_memory() > 0
    True
    """
    if jax.default_backend() == 'cpu':
        return None
    return (jax.local_devices()[0].memory_stats() or {}).get('bytes_limit')


def free_memory() -> int | None:
    """How much memory of this computer is free, in bytes; None if the system does not tell.

    >>> free_memory() is None or free_memory() > 0
    True
    """
    if not _MEMORY.exists():
        return None
    lines = dict(line.split(':', 1) for line in _MEMORY.read_text().splitlines() if ':' in line)
    free = lines.get('MemAvailable')
    return None if free is None else 1024 * int(free.split()[0])
