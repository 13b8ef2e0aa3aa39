"""From the body of an inference request to arrays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mtljax._shown import shown
from mtljax.serving._service.content import read_json
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.parse import check_count
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.v2.datatypes import KNOWN, from_bytes, from_values

_AXES = 8  # of a tensor


class Wanted(NamedTuple):
    """An output that a request asks for, as bytes or as JSON."""

    name: str
    binary: bool


class Infer(NamedTuple):
    """An inference request.

    Attributes:
      id: What the answer should repeat; None for nothing.
      inputs: The array of each tensor.
      outputs: The outputs that the request asks for; None for all.
      binary: Whether outputs are bytes if the request asks for all of them.
    """

    id: str | None
    inputs: dict[str, np.ndarray]
    outputs: tuple[Wanted, ...] | None
    binary: bool


def read_request(body: bytes, length: str | None, limits: Limits) -> Infer:
    """Read a request of JSON, or of JSON that is followed by the bytes of its tensors.

    Args:
      body: The body.
      length: The header ``Inference-Header-Content-Length``, the bytes of JSON; None for all.
      limits: The limits of the service.

    Raises:
      RefusedError: The body cannot be read.
    """
    size = _json_size(body, length)
    content = read_json(body[:size])
    if not isinstance(content, dict):
        raise RefusedError(422, f'The body should be an object. Found {shown(content)}.')
    identity = content.get('id')
    if not isinstance(identity, str | None):
        raise RefusedError(422, f'The id should be a text. Found {shown(identity)}.')
    rest = _Rest(memoryview(body)[size:])
    arrays = {}
    for tensor in _objects(content, 'inputs'):
        name = _name(tensor, arrays)
        arrays[name] = _array(name, tensor, rest, limits)
    rest.check_empty()
    binary = _flag(_parameters(content), 'binary_data_output', False)
    return Infer(identity, arrays, _wanted(content, binary), binary)


def _json_size(body: bytes, length: str | None) -> int:
    if length is None:
        return len(body)
    whole = length.isascii() and length.isdecimal() and len(length) < 20
    size = int(length) if whole else 0
    if not 0 < size <= len(body):
        raise RefusedError(
            400,
            'The header Inference-Header-Content-Length should be the number of bytes of JSON, '
            f'from 1 to {len(body)}. Found {shown(length)}.',
        )
    return size


class _Rest:
    """The bytes after the JSON, which the tensors take in their order."""

    def __init__(self, content: memoryview):
        self._content = content

    def take(self, size: int) -> memoryview:
        if size > len(self._content):
            raise RefusedError(
                400, f'The body should have {size} more bytes. Found {len(self._content)}.'
            )
        part, self._content = self._content[:size], self._content[size:]
        return part

    def check_empty(self) -> None:
        if self._content:
            raise RefusedError(
                400, f'All bytes should belong to a tensor. Found {len(self._content)} others.'
            )


def _array(name: str, tensor: Mapping[str, Any], rest: _Rest, limits: Limits) -> np.ndarray:
    datatype, shape = tensor.get('datatype'), tensor.get('shape')
    if datatype not in KNOWN:
        raise _refuse(name, f'the datatype should be one of {[*KNOWN]}. Found {shown(datatype)}.')
    sizes = isinstance(shape, list) and all(type(n) is int and 0 <= n < 1 << 31 for n in shape)
    if not sizes or not 0 < len(shape) <= _AXES:
        raise _refuse(
            name, f'the shape should be a list of 1 to {_AXES} sizes. Found {shown(shape)}.'
        )
    check_count(shape[0], limits)
    size = _parameters(tensor).get('binary_data_size')
    if (size is None) == ('data' not in tensor) or not (size is None or _is_size(size)):
        raise _refuse(name, 'there should be either data or the parameter binary_data_size.')
    try:
        if size is None:
            return from_values(datatype, tensor['data'], shape)
        return from_bytes(datatype, rest.take(size), shape)
    except ValueError as error:
        raise _refuse(name, f'there should be {error}.') from error


def _refuse(name: str, reason: str) -> RefusedError:
    return RefusedError(422, f'Input {shown(name)}: {reason}', column=name)


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _name(tensor: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    name = tensor.get('name')
    if not isinstance(name, str) or name in others:
        raise RefusedError(422, f'The tensors should have names that differ. Found {shown(name)}.')
    return name


def _wanted(content: Mapping[str, Any], binary: bool) -> tuple[Wanted, ...] | None:
    if not content.get('outputs'):
        return None
    wanted: dict[str, Wanted] = {}
    for tensor in _objects(content, 'outputs'):
        name = _name(tensor, wanted)
        wanted[name] = Wanted(name, _flag(_parameters(tensor), 'binary_data', binary))
    return tuple(wanted.values())


def _objects(content: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    found = content.get(field)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise RefusedError(422, f'The field {field} should be a list of tensors.')
    return found


def _parameters(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found = content.get('parameters', {})
    if not isinstance(found, dict):
        raise RefusedError(422, f'The parameters should be an object. Found {shown(found)}.')
    for name in ('shared_memory_region', 'classification'):
        if name in found:
            raise RefusedError(422, f'The service does not know the parameter {name}.')
    return found


def _flag(parameters: Mapping[str, Any], name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise RefusedError(422, f'The parameter {name} should be true or false.')
    return value
