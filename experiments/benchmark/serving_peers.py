"""The model with one encoder and four heads in other runtimes, with the same weights."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmark import pytorch
from experiments.benchmark.serving_models import TASKS, models, schema, variables_of
from experiments.program import UsageError
from mtljax import serving

NAMES = ('torch', 'onnxruntime')
Answer = Callable[[Mapping[str, np.ndarray]], Any]
"""A function that answers a batch of encoded rows."""


def in_pytorch(widths: tuple[int, ...]) -> Answer:
    """Return the model in eager PyTorch, as logits.

    Raises:
      UsageError: PyTorch is missing.
    """
    lib, (params, _) = pytorch.library(), variables_of(models(widths)['hard'])
    stages = [stage['Dense_0'] for _, stage in sorted(params['shared'].items()) if stage]
    ends = [params['task']['heads'][task]['Dense_0'] for task in TASKS]
    encoder = lib.nn.Sequential(
        *(part for layer in map(_dense, stages) for part in (layer, lib.nn.ReLU()))
    )
    heads = [_dense(end) for end in ends]

    def answer(inputs):
        with lib.inference_mode():
            x = encoder(lib.from_numpy(inputs['numeric']))
            return [lib.sigmoid(head(x)).numpy() for head in heads]

    return answer


def in_onnxruntime(widths: tuple[int, ...], path: Path) -> Answer:
    """Return the model in onnxruntime, from a file that is written to ``path``.

    Raises:
      UsageError: The extra onnx is missing.
    """
    try:
        runtime = importlib.import_module('onnxruntime')
    except ImportError as error:
        raise UsageError("--peers=onnxruntime needs pip install 'mtljax[onnx]'.") from error
    model, fitted = models(widths)['hard'], schema()
    serving.export_onnx(path, model, fitted.tasks, variables_of(model), _two_rows(), schema=fitted)
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    (name,) = (each.name for each in session.get_inputs())
    return lambda inputs: session.run(None, {name: inputs['numeric']})


def _two_rows() -> dict[str, np.ndarray]:
    fitted = schema()
    return fitted.encode({column.name: [0.0, 1.0] for column in fitted.inputs}).inputs


def _dense(layer: Mapping[str, Any]) -> Any:
    lib = pytorch.library()
    kernel, bias = (np.array(layer[name]) for name in ('kernel', 'bias'))
    dense = lib.nn.Linear(*kernel.shape)
    with lib.no_grad():
        dense.weight.copy_(lib.from_numpy(kernel.T.copy()))
        dense.bias.copy_(lib.from_numpy(bias))
    return dense
