"""How much memory a device has."""

import jax


def device_memory() -> int | None:
    """Bytes that programs may take of the first device; None on a CPU, or where it does not say.

    >>> device_memory() is None or device_memory() > 0
    True
    """
    if jax.default_backend() == 'cpu':
        return None
    return (jax.local_devices()[0].memory_stats() or {}).get('bytes_limit')
