"""A checksum inside of a JSON file."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

FIELD = 'sum'


def with_checksum(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with one more field, which holds a checksum of the others.

    Args:
      content: A mapping that will be written as JSON.

    >>> with_checksum({'step': 10})['sum']
    3778222276
    """
    return {**content, FIELD: sum_of_json(dict(content))}


def without_checksum(content: Any, *, required: bool = False) -> dict[str, Any]:
    """Undo `with_checksum`. A mapping without a checksum is returned as it is.

    Args:
      content: The content of a JSON file.
      required: Whether a mapping without a checksum is an error.

    Raises:
      ValueError: The content is no mapping, or its checksum is missing or does not fit.

    >>> without_checksum(with_checksum({'step': 10}))
    {'step': 10}
    """
    if not isinstance(content, dict):
        raise ValueError(f'It should hold a mapping. Found {type(content).__name__}.')
    rest = {name: value for name, value in content.items() if name != FIELD}
    if (required or FIELD in content) and content.get(FIELD) != sum_of_json(rest):
        raise ValueError('Its checksum does not fit.')
    return rest


def sum_of_json(content: Any) -> int:
    """Return the CRC-32 of a value that is written as JSON."""
    return zlib.crc32(json.dumps(json.loads(json.dumps(content)), sort_keys=True).encode())
