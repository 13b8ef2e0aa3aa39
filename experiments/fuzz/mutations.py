"""Ways to damage bytes. Each is a function of the bytes, a generator and a `Pool`."""

import random
import re
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

_NUMBERS = (
    *(b'0', b'-1', b'1', b'255', b'65536', b'2147483647', b'2147483648', b'4294967295'),
    *(b'9223372036854775807', b'9223372036854775808', b'18446744073709551616', b'1' + b'0' * 30),
    *(b'1e400', b'-1e400', b'1e-400', b'nan', b'inf', b'-0', b'0x10', b'1_0', b'1.5', b'9' * 5000),
)
_INTEGERS = (0, 1, -1, 127, 128, 255, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_LONG = (2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_NESTS = (
    *((b'[', b']'), (b'{"a":', b'}'), (b'(', b')'), (b'"', b'"'), (b'{', b'}')),
    *((b'(', b't'), (b']', b'a'), (b'}U\x01a', b's'), (b'(', b'')),
)
_COUNTS = (2, 10, 300, 2_000, 100_000)
_LARGEST = 2_000_000


class Pool(NamedTuple):
    """What mutations take from elsewhere.

    Attributes:
      others: Other valid files.
      tokens: Texts with a meaning in the format.
    """

    others: Sequence[bytes]
    tokens: Sequence[bytes]


def damage(content: bytes, rng: random.Random, pool: Pool) -> bytes:
    """Return bytes after one to five random mutations.

    Args:
      content: The bytes.
      rng: The generator of all choices.
      pool: What is inserted.

    >>> damage(b'12,13', random.Random(8), Pool([b'ab'], [b';']))
    b'1ab'
    """
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        content = rng.choice(MUTATIONS)(content, rng, pool)
    return content[: 2 * _LARGEST]


def _slice(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    length = rng.choice((1, 2, 4, 16, 64, max(1, len(content) // 2)))
    return start, min(start + length, len(content))


def _flip(content, rng, pool):
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8)) if content else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(content, rng, pool):
    start, end = _slice(content, rng)
    size = end - start
    new = rng.choice((b'\0' * size, b'\xff' * size, rng.randbytes(size), b'\n' * size))
    return content[:start] + new + content[end:]


def _delete(content, rng, pool):
    start, end = _slice(content, rng)
    return content[:start] + content[end:]


def _copy(content, rng, pool):
    start, end = _slice(content, rng)
    place = rng.randrange(len(content) + 1)
    return content[:place] + content[start:end] + content[place:]


def _insert(content, rng, pool):
    place = rng.randrange(len(content) + 1)
    new = rng.choice(pool.tokens) if pool.tokens and rng.random() < 0.8 else rng.randbytes(3)
    return content[:place] + new + content[place:]


def _replace(content, rng, pool):
    """Put a token over the bytes that are there."""
    if not pool.tokens:
        return _set(content, rng, pool)
    place, new = rng.randrange(len(content) + 1), rng.choice(pool.tokens)
    return content[:place] + new + content[place + len(new) :]


def _cut(content, rng, pool):
    return content[: rng.randrange(len(content) + 1)]


def _swap(content, rng, pool):
    (a, b), (c, d) = sorted((_slice(content, rng), _slice(content, rng)))
    b = min(b, c)
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _splice(content, rng, pool):
    other = rng.choice(pool.others) if pool.others else content
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def _number(content, rng, pool):
    found = list(re.finditer(rb'\d+', content[:_LARGEST]))
    if not found:
        return _integer(content, rng, pool)
    place = rng.choice(found)
    return content[: place.start()] + rng.choice(_NUMBERS) + content[place.end() :]


def _integer(content, rng, pool):
    """Write a number in binary, such as a size in a header."""
    kind = rng.choice('BHIQ')
    value = rng.choice(_INTEGERS + _LONG) % 2 ** (8 * struct.calcsize(kind))
    new = struct.pack(rng.choice('<>') + kind, value)
    near = rng.random() < 0.5  # headers come first
    place = rng.randrange(min(len(content), 64) + 1 if near else len(content) + 1)
    return content[:place] + new + content[place + len(new) :]


def _repeat(content, rng, pool):
    """Repeat a line, a slice or a token very often."""
    lines = content.splitlines(keepends=True)[:10_000]
    start, end = _slice(content, rng)
    pieces = [content[start:end], *([rng.choice(lines)] if lines else [])]
    pieces += [rng.choice(pool.tokens)] if pool.tokens else []
    piece = rng.choice(pieces) or b'0'
    count = min(rng.choice(_COUNTS), _LARGEST // len(piece))
    return content[:start] + piece * count + content[start:]


def _nest(content, rng, pool):
    first, last = rng.choice(_NESTS)
    count = rng.choice(_COUNTS)
    start, end = _slice(content, rng)
    return content[:start] + first * count + content[start:end] + last * count + content[end:]


def _line(content, rng, pool):
    """Delete a line, or put it elsewhere or twice."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    line = lines[rng.randrange(len(lines))]
    if rng.random() < 0.6:
        lines.remove(line)
    if rng.random() < 0.6:
        lines.insert(rng.randrange(len(lines) + 1), line)
    return b''.join(lines)


Mutation = Callable[[bytes, random.Random, Pool], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _flip, _set, _set, _delete, _copy, _insert, _insert, _replace, _cut, _swap, _splice),
    *(_number, _number, _integer, _integer, _repeat, _nest, _line),
)
