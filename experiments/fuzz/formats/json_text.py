"""Damage in JSON that stays JSON."""

import json
import random
from typing import Any

from experiments.fuzz.harness import Damage

DEPTH = 100_000
TOKENS = (b'"fn": ', b'"args": [1]', b'\\u0000', b'\\ud800', *(b'%c' % each for each in b'{}[],:"'))
_SHORT = """\
null true -1 0 1e400 NaN 0.5 [] {} "" "this:d" "antigravity:webbrowser" "os:system" "builtins:eval"
"mtljax.data:csv" "mtljax.data._digits:digits" "mtljax.training:train" "mtljax.data:np.asarray"
"mtljax.surgery:pcgrad" "mtljax.heads:linear" "optax:adam" "optax:" "optax:chain" "optax:sgd.x"
{"fn":"this:d"} {"fn":["os:system"]} {"fn":null} {"fn":{"fn":"os:getcwd"}} [{"fn":"antigravity:x"}]
{"fn":"optax:adam","args":3} {"fn":"mtljax.heads:linear"} 1000000000000 1e300 ["a"] {"a":1}"""
_LONG = (
    *('9' * 5000, '1' + '0' * 30, '"' + 'x' * 100_000 + '"', '[' * DEPTH + ']' * DEPTH),
    *('{"a":' * 990 + '1' + '}' * 990, '[' * 300 + ']' * 300),
)
_VALUES = (*_SHORT.split(), *_LONG)
_NEW = '<value>'


def edit_json(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Put another value somewhere into a JSON file, or into a line of a ``.jsonl`` file."""
    lines = content.splitlines(keepends=True) if name.endswith('.jsonl') else [content]
    row = rng.randrange(len(lines))
    tree = json.loads(lines[row])
    inner, key = _place(tree, rng)
    if key is not None:
        inner[key] = _NEW
    text = json.dumps(tree).replace(f'"{_NEW}"', rng.choice(_VALUES))
    return b''.join([*lines[:row], text.encode() + b'\n', *lines[row + 1 :]])


def _place(inner: Any, rng: random.Random) -> tuple[Any, Any]:
    """Return a random container in a tree, and a random key in it; None if it is empty."""
    while True:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        key = rng.choice(keys) if keys else None
        if key is None or not isinstance(inner[key], dict | list) or rng.random() < 0.2:
            return inner, key
        inner = inner[key]
