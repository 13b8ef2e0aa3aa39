"""Compare a program of ONNX with the function that it was made from."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from mtljax._rows import random_rows

_NEAR = 1e-5  # of the largest answer
_WHOLE = 1e-3  # the share of other classes: two scores may be equal but for rounding
_ROWS = 5


def check(content: bytes, function: Callable[[Any], Any], inputs: Any) -> None:
    """Raise an error unless onnxruntime computes what the function does.

    They are compared on the inputs and on random ones, at two numbers of rows.

    Args:
      content: The program of ONNX.
      function: The function from inputs to ``{task: {part: array}}``.
      inputs: A small batch of inputs.

    Raises:
      ValueError: onnxruntime refuses the program, or finds other answers.
    """
    drawn = random_rows(inputs, _ROWS)
    rows = jax.tree.map(lambda *parts: np.concatenate(parts), inputs, drawn)
    batches = [rows, jax.tree.map(lambda leaf: leaf[:1], drawn)]
    with jax.default_matmul_precision('highest'):
        right = [jax.jit(function)(batch) for batch in batches]
    found = [_answers(content, batch) for batch in batches]
    for task, parts in right[0].items():
        for part in parts:
            name = f'{task}.{part}'
            expected = np.concatenate([each[task][part] for each in right])
            _check_part(name, np.concatenate([each[name] for each in found]), expected)


def difference(found: np.ndarray, right: np.ndarray) -> float:
    """Return the largest difference of two arrays, divided by the largest entry of the second.

    For whole numbers, it is the share of entries that differ.

    >>> difference(np.array([1.0, 4.0]), np.array([1.5, 4.0]))
    0.125
    """
    if found.shape != right.shape or found.dtype != right.dtype:
        return np.inf
    if not np.issubdtype(right.dtype, np.floating):
        return float((found != right).mean())
    same = (found == right) | (np.isnan(found) & np.isnan(right))
    gap = np.abs(np.where(same, 0, found - right)).max()
    return float(gap / max(np.abs(right).max(), np.finfo(right.dtype).tiny))


def _answers(content: bytes, inputs: Any) -> Mapping[str, np.ndarray]:
    import onnxruntime  # an extra

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors are raised too
    leaves = jax.tree.leaves(inputs)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
        names = [each.name for each in session.get_inputs()]
        results = [each.name for each in session.get_outputs()]
        arrays = session.run(results, dict(zip(names, map(np.asarray, leaves), strict=True)))
    except Exception as error:  # onnxruntime raises many kinds
        raise ValueError(
            'onnxruntime should run the program. Found an error: '
            f'{str(error).strip().splitlines()[0]:.300}'
        ) from error
    return dict(zip(results, arrays, strict=True))


def _check_part(name: str, found: np.ndarray, right: np.ndarray) -> None:
    off = difference(found, right)
    if off > (_NEAR if np.issubdtype(right.dtype, np.floating) else _WHOLE):
        raise ValueError(
            f'onnxruntime should find the answers of the model. Found a difference of {off:.1e} in '
            f'{name!r:.100}: an operation is converted wrongly, or this network amplifies rounding '
            'errors.'
        )
