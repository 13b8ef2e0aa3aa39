"""A model as a program of ONNX with its manifest."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtljax._extra import check_extra
from mtljax.base import MultiTask, Params, State, Task
from mtljax.data import Schema
from mtljax.serving._manifest import check_finite, described, origin
from mtljax.serving._onnx.check import check
from mtljax.serving._onnx.convert import converted
from mtljax.serving._program import program
from mtljax.serving._weights import named


class OnnxModel(NamedTuple):
    """A program of ONNX that was checked.

    Attributes:
      proto: The program, an ``onnx.ModelProto``. Its metadata hold the two texts.
      manifest: What the program says about itself.
      texts: The manifest, and for a table the schema, as the texts of JSON files.
    """

    proto: Any
    manifest: dict[str, Any]
    texts: dict[str, str]


def onnx_model(
    model: MultiTask,
    tasks: Mapping[str, Task],
    variables: tuple[Params, State],
    inputs: Any,
    schema: Schema | None,
    chosen: Sequence[str],
    about: Mapping[str, Any] | None,
) -> OnnxModel:
    """Convert a model, and compare its answers; see `export_onnx`."""
    check_extra('onnx', 'jax2onnx', 'onnx', 'onnxruntime')
    check_finite(named(*variables))
    answer = program(model, tasks, chosen)
    known = described(model, tasks, chosen, inputs)
    params, state = jax.tree.map(jnp.asarray, variables)

    def call(batch):
        return answer(params, state, batch)

    proto = converted(call, inputs, list(known['inputs']))
    check(proto.SerializeToString(), call, inputs)
    manifest = {**known, 'weights': _size_of(proto), **(about or {}), **origin()}
    texts = {'manifest': json.dumps(manifest, indent=2, ensure_ascii=False)}
    if schema is not None:
        texts['schema'] = json.dumps(schema.to_json(), indent=2, ensure_ascii=False)
    for name, text in texts.items():
        proto.metadata_props.add(key=name, value=text)
    return OnnxModel(proto, manifest, texts)


def _size_of(proto: Any) -> dict[str, Any]:
    import onnx  # an extra

    arrays = [onnx.numpy_helper.to_array(array) for array in proto.graph.initializer]
    floats = [array for array in arrays if np.issubdtype(array.dtype, np.floating)]
    return {
        'dtype': 'float32',
        'numbers': sum(array.size for array in floats),
        'bytes': sum(array.nbytes for array in floats),
    }
