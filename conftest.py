"""Strict numerics for tests and doctests: several virtual devices, no silent broadcasting."""

import gc
import os
from pathlib import Path

from tests.xla_flags import QUICK

_FLAGS = f'--xla_force_host_platform_device_count=8 {QUICK}'
os.environ.setdefault('JAX_PLATFORMS', 'cpu')  # where several devices can be had
os.environ['XLA_FLAGS'] = f'{os.environ.get("XLA_FLAGS", "")} {_FLAGS}'.strip()

# Tracing makes many objects: collecting garbage took a tenth of the time and more.
gc.set_threshold(100_000, 50, 50)

import jax  # noqa: E402 - the flags above must be set first

_CACHE = Path(__file__).parent / '.pytest_cache' / 'jax'  # many tests compile the same programs

jax.config.update('jax_numpy_rank_promotion', 'raise')
jax.config.update('jax_compilation_cache_dir', str(_CACHE))
jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.1)


def pytest_collection_finish():
    """Leave what is there for good out of every garbage collection."""
    gc.collect()
    gc.freeze()
