"""The page at ``/``: a form of the model's columns. It needs nothing from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from starlette.responses import Response

from mtljax.data import Column

_INLINE = re.compile(r'<(script|style)>(.*?)</\1>', re.DOTALL)
_LISTED = 1000  # categories of a column


def page() -> Response:
    """Return the page. Its policy allows its own script and style, and requests to the service."""
    text = files('mtljax.serving._service').joinpath('page.html').read_text('utf-8')
    sums = {
        kind: base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for kind, part in _INLINE.findall(text)
    }
    policy = (
        f"default-src 'none'; script-src 'sha256-{sums['script']}'; "
        f"style-src 'sha256-{sums['style']}'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer'}
    return Response(text, media_type='text/html', headers=headers)


def describe(columns: Sequence[Column]) -> dict[str, Mapping[str, Any]]:
    """Return what a form needs to know of each column, as JSON types.

    Of a column with very many categories, only the first ones are listed. A column of numbers such
    as 1.234,5 has ``decimal`` and ``thousands``, where they are not those of 1234.5.
    """
    return {column.name: {'kind': column.kind, **_about(column.to_json())} for column in columns}


def _about(column: Mapping[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {}
    if column.get('numbers') is not None:
        numbers = column['numbers']
        about |= {'low': numbers['low'], 'high': numbers['high'], 'unit': numbers.get('unit', '')}
        about |= {key: numbers[key] for key in ('decimal', 'thousands') if key in numbers}
    categories = column.get('categories') or column.get('one_hot')
    if categories is not None:
        about['categories'] = categories[:_LISTED]
    if column.get('dates') is not None:
        about['form'] = column['dates']['form']
    return about
