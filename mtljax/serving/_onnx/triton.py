"""The folder of a model for Triton, a server of NVIDIA."""

import json
from pathlib import Path
from typing import Any

from mtljax.files import new_folder, write_bytes, write_text
from mtljax.serving._onnx.model import OnnxModel

_ROWS, _WAIT = 512, 2000  # the largest batch, and the longest wait for other requests, in µs
_TYPES = {'FLOAT': 'FP32', 'DOUBLE': 'FP64', 'FLOAT16': 'FP16', 'BFLOAT16': 'BF16'}


def write_triton(path: Path, made: OnnxModel) -> None:
    """Write ``config.pbtxt``, ``1/model.onnx``, and the texts beside them, to a new folder."""
    config = config_of(path.name, made.proto)
    with new_folder(path) as folder:
        (folder / '1').mkdir()
        write_bytes(folder / '1' / 'model.onnx', made.proto.SerializeToString())
        write_text(folder / 'config.pbtxt', config)
        for name, text in made.texts.items():
            write_text(folder / f'{name}.json', text)


def config_of(name: str, proto: Any) -> str:
    """Return the configuration of a model with this name, in the text format of protobuf."""
    graph = proto.graph
    return '\n'.join(
        [
            f'name: {_quoted(name)}',
            'backend: "onnxruntime"',
            f'max_batch_size: {_ROWS}',
            *(_tensor('input', value) for value in graph.input),
            *(_tensor('output', value) for value in graph.output),
            f'dynamic_batching {{ max_queue_delay_microseconds: {_WAIT} }}',
            '',
        ]
    )


def _tensor(kind: str, value: Any) -> str:
    """Return one tensor; the first axis is that of the rows, which Triton leaves out."""
    import onnx  # an extra

    tensor = value.type.tensor_type
    sizes = [str(axis.dim_value) for axis in tensor.shape.dim[1:]]
    shape = f'dims: [ {", ".join(sizes)} ]' if sizes else 'dims: [ 1 ] reshape { shape: [ ] }'
    name = onnx.TensorProto.DataType.Name(tensor.elem_type)
    dtype = f'TYPE_{_TYPES.get(name, name)}'
    return f'{kind} {{ name: {_quoted(value.name)} data_type: {dtype} {shape} }}'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
