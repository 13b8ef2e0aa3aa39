"""PyTorch on the same device as jax, with matrix products of the same precision."""

import functools
import importlib
import os
from typing import Any

import jax
import numpy as np

from experiments.program import UsageError


@functools.cache
def library() -> Any:
    """Return the module ``torch``, set up to use all cores of this process.

    Raises:
      UsageError: PyTorch is missing, or cannot use the GPU that jax uses.
    """
    try:
        torch = importlib.import_module('torch')
    except ImportError as error:
        raise UsageError('--peers=torch needs PyTorch: pip install torch.') from error
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    if _on_gpu():
        if not torch.cuda.is_available():
            raise UsageError(
                'PyTorch should run on the GPU that jax uses. Found no GPU in PyTorch. '
                'Install PyTorch with CUDA.'
            )
        torch.set_float32_matmul_precision('high')  # TF32, the default of jax
    return torch


def device() -> Any:
    """Return the device of the PyTorch networks: the same kind as the device of jax."""
    return library().device('cuda' if _on_gpu() else 'cpu')


def tensor(array: Any) -> Any:
    """Copy an array to this device."""
    return library().tensor(np.asarray(array), device=device())


def wait() -> None:
    """Wait until the device has finished its work."""
    if _on_gpu():
        library().cuda.synchronize()


def _on_gpu() -> bool:
    return jax.default_backend() == 'gpu'
