"""Functions that build the data, the model and the optimiser that a config describes.

A config is a mapping, as in the files of ``configs/``. A spec is an entry of a config that names a
function and its arguments, such as ``{'fn': 'optax:adam', 'learning_rate': 1e-3}``.
"""

from mtljax.build._check_config import check_fields
from mtljax.build._export import export
from mtljax.build._export_onnx import export_onnx, export_triton
from mtljax.build._former_names import current_names, former_names, with_former_defaults
from mtljax.build._load import load
from mtljax.build._make import make
from mtljax.build._needed import needed
from mtljax.build._prepare import Prepared, prepare, prepare_whole, prepared_by
from mtljax.build._run import Run
from mtljax.build._setup import Setup, setup, shared_surgery
from mtljax.build._trusted import check_names

__all__ = [
    'Prepared',
    'Run',
    'Setup',
    'check_fields',
    'check_names',
    'current_names',
    'export',
    'export_onnx',
    'export_triton',
    'former_names',
    'load',
    'make',
    'needed',
    'prepare',
    'prepare_whole',
    'prepared_by',
    'setup',
    'shared_surgery',
    'with_former_defaults',
]
