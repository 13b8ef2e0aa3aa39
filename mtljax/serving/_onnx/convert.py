"""From a function of jax to a program in the format of ONNX."""

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
from jax import export
from jax.extend.core import jaxpr_as_fun

from mtljax.serving._onnx.rewrite import rewritten

_OPSET = 21  # the version of the operations, which onnxruntime 1.20 and later read
_LARGEST = 2_000_000_000  # bytes of weights; a file of protobuf holds 2 GiB


def converted(function: Callable[[Any], Any], inputs: Any, names: Sequence[str]) -> Any:
    """Return a program for any number of rows, as an ``onnx.ModelProto``.

    Args:
      function: A function from inputs to a tree of arrays ``[rows, ...]``.
      inputs: A small batch of inputs, a tree of arrays ``[rows, ...]``.
      names: The name of each array of the inputs.

    Raises:
      ValueError: The function cannot be converted.
    """
    leaves, tree = jax.tree.flatten(inputs)
    (rows,) = export.symbolic_shape('rows')
    shapes = [jax.ShapeDtypeStruct((rows, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
    results = _result_names(jax.eval_shape(function, inputs))
    try:
        program = rewritten(lambda *arrays: function(tree.unflatten(arrays)), shapes)
        _check_size(program.consts)
        return _proto(program, shapes, names, results)
    except Exception as error:  # jax2onnx raises one of many kinds
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            'The model should consist of operations that can be converted to ONNX. Found an error: '
            f'{reason[0]:.300}'
        ) from error


def _result_names(results: Any) -> list[str]:
    """Return the name of each array, such as ``task.part``."""
    leaves = jax.tree_util.tree_leaves_with_path(results)
    names = [jax.tree_util.keystr(path, simple=True, separator='.') for path, _ in leaves]
    if len(set(names)) < len(names):
        raise ValueError(f'The answers should have different names. Found {names}.')
    return names


def _check_size(arrays: Sequence[Any]) -> None:
    size = sum(array.nbytes for array in arrays)
    if size > _LARGEST:
        raise ValueError(f'{size:,} bytes of weights, but the format holds {_LARGEST:,}')


def _proto(program: Any, shapes: Any, inputs: Sequence[str], results: Sequence[str]) -> Any:
    import onnx_ir
    from jax2onnx import to_onnx  # an extra
    from onnx_ir.passes.common import RemoveUnusedNodesPass

    with _quiet():
        proto = to_onnx(
            lambda *arrays: tuple(jaxpr_as_fun(program)(*arrays)),
            shapes,
            model_name='mtljax',
            opset=_OPSET,
            input_names=list(inputs),
            output_names=list(results),
        )
        model = onnx_ir.from_proto(proto)
        RemoveUnusedNodesPass()(model)
        return onnx_ir.to_proto(model)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the notes of the converter: its result is checked afterwards."""
    log = logging.getLogger('onnx_ir')
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        log.setLevel(before)
