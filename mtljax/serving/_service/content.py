"""JSON as the body of a request and of an answer."""

import json
from typing import Any

from starlette.responses import Response

from mtljax.serving._service.refusal import RefusedError

_MOST_BRACKETS = 1_000_000  # an empty list needs 3 bytes of the body, and 64 bytes of memory


def read_json(body: bytes) -> Any:
    """Read JSON, without its extensions for NaN and infinity, and without double names.

    Raises:
      RefusedError: The body is no JSON, or may have so many lists and objects that they fill the
        memory.
    """
    if body.count(b'[') + body.count(b'{') > _MOST_BRACKETS:  # also those in texts
        raise RefusedError(413, f'The body should have at most {_MOST_BRACKETS:,} of [ and {{.')
    try:
        return json.loads(body, parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            400, f'The body should be JSON in UTF-8. Found: {error!s:.200}.'
        ) from error


def _refuse(name: str) -> None:
    raise ValueError(f'{name} is no JSON')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError('an object in which two values have one name')
    return found


def json_bytes(content: Any) -> bytes:
    """Return JSON in UTF-8; in ASCII if a text has a half of a surrogate pair."""
    try:
        return _dumped(content, ascii_only=False).encode()
    except UnicodeEncodeError:
        return _dumped(content, ascii_only=True).encode()


def _dumped(content: Any, *, ascii_only: bool) -> str:
    return json.dumps(content, ensure_ascii=ascii_only, allow_nan=False, separators=(',', ':'))


def answer(content: Any, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(json_bytes(content), status, media_type='application/json')


def finite(content: Any) -> Any:
    """Replace NaN and infinite numbers, which JSON does not have, by None.

    >>> finite({'a': [1.5, float('nan')]})
    {'a': [1.5, None]}
    """
    if isinstance(content, dict):
        return {name: finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not abs(content) < float('inf') else content
