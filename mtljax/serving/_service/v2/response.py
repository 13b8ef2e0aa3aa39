"""From the answers of the model to the body of an inference response."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.responses import Response

from mtljax import answers
from mtljax.serving._program import Parts
from mtljax.serving._service.content import answer, json_bytes
from mtljax.serving._service.v2.datatypes import to_bytes
from mtljax.serving._service.v2.signature import Output

HEADER = 'Inference-Header-Content-Length'


def respond(
    about: dict[str, Any], outputs: Sequence[tuple[Output, bool]], found: Parts
) -> Response:
    """Return a response of JSON, or of JSON that is followed by the bytes of its tensors.

    Args:
      about: What the response says besides its outputs.
      outputs: Each output, and whether it is bytes.
      found: The answers of the model.
    """
    tensors, parts = [], []
    for output, binary in outputs:
        values = output.values(found[output.task][output.part])
        _, datatype, _ = output.tensor
        tensor = {**output.tensor.describe(), 'shape': [*values.shape]}
        if binary:
            parts.append(to_bytes(datatype, values))
            tensor['parameters'] = {'binary_data_size': len(parts[-1])}
        else:
            tensor['data'] = _plain(values)
        tensors.append(tensor)
    content = {**about, 'outputs': tensors}
    if not parts:
        return answer(content)
    start = json_bytes(content)
    return Response(
        b''.join([start, *parts]),
        media_type='application/octet-stream',
        headers={HEADER: str(len(start))},
    )


def _plain(values: np.ndarray) -> list[Any]:
    """Return the values as JSON types in the order of the rows; NaN becomes None."""
    return answers.rows({'parts': {}}, {'value': values.reshape(-1)})
