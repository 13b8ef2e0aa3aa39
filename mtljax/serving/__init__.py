"""Answers for new examples: in batches of a few sizes, and from a file without Python code.

`export` writes a model to a file, and `load` reads it. `export_onnx` and `export_triton` write it
for other engines. `mtljax.build` has functions of the same names for a run.
"""

from mtljax.serving._batches import in_batches
from mtljax.serving._export_model import export
from mtljax.serving._export_onnx import export_onnx
from mtljax.serving._export_triton import export_triton
from mtljax.serving._model import Model, load
from mtljax.serving._program import Parts, program
from mtljax.serving._weights import DTYPES, rounded

__all__ = [
    'DTYPES',
    'Model',
    'Parts',
    'export',
    'export_onnx',
    'export_triton',
    'in_batches',
    'load',
    'program',
    'rounded',
]
