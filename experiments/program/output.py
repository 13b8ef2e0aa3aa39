"""What programs print and write."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 100)


def to_json(tree: Any) -> str:
    r"""Return a tree as JSON, with null for NaN and infinity.

    >>> to_json({'error': float('nan')})
    '{\n  "error": null\n}\n'
    """
    return json.dumps(finite(tree), indent=2) + '\n'


def finite(value: Any) -> Any:
    """Replace NaN and infinity by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
