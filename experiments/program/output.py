"""What programs print and write."""

import json
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 100)


_HALF = re.compile('[\ud800-\udfff]')  # half a character: a path that is no UTF-8 has some


def to_json(tree: Any) -> str:
    r"""Return a tree as JSON, with null for NaN and infinity.

    >>> to_json({'error': float('nan')})
    '{\n  "error": null\n}\n'
    """
    return readable_json(finite(tree), indent=2) + '\n'


def readable_json(tree: Any, indent: int | None = None) -> str:
    r"""Return a tree as JSON in which letters such as umlauts stay as they are.

    >>> readable_json(['Köln', '\udcff'])
    '["Köln", "\\udcff"]'
    """
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    return _HALF.sub(lambda half: f'\\u{ord(half[0]):04x}', text)


def finite(value: Any) -> Any:
    """Replace NaN and infinity by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
