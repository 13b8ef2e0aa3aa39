"""The memory of a device."""

import jax


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
