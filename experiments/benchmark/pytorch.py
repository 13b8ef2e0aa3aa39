"""PyTorch beside mtljax: on the device that jax has, with products as precise as its own."""

import functools
import importlib
import os
from typing import Any

import jax
import numpy as np

from experiments.program import UsageError


@functools.cache
def library() -> Any:
    """PyTorch, on all cores that this process may use.

    Raises:
      UsageError: it is missing, or does not know the GPU that jax has.
    """
    try:
        torch = importlib.import_module('torch')
    except ImportError as error:
        raise UsageError('--peers=torch needs PyTorch: pip install torch.') from error
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    if _on_gpu():
        if not torch.cuda.is_available():
            raise UsageError('jax runs on a GPU, but this PyTorch finds none.')
        torch.set_float32_matmul_precision('high')  # TF32, as is jax's default
    return torch


def device() -> Any:
    """Where the twin of a network runs: the kind of device on which jax runs."""
    return library().device('cuda' if _on_gpu() else 'cpu')


def tensor(array: Any) -> Any:
    """A copy of an array on that device."""
    return library().tensor(np.asarray(array), device=device())


def wait() -> None:
    """Until the device has done what it was given."""
    if _on_gpu():
        library().cuda.synchronize()


def _on_gpu() -> bool:
    return jax.default_backend() == 'gpu'
