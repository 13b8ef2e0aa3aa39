"""Ways in which a bad disk, a bad copy or a person damages a file."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from mtljax.files import write_bytes

_BLOCK = 64


def _bit(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _digit(content: bytes, rng: random.Random) -> bytes:
    """Change a digit, so that the file may still be whole JSON."""
    places = [index for index, byte in enumerate(content) if chr(byte).isdigit()]
    if not places:
        return _bit(content, rng)
    place = rng.choice(places)
    digit = rng.choice([each for each in b'123456789' if each != content[place]])
    return content[:place] + bytes([digit]) + content[place + 1 :]


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _zeros(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return (content[:start] + bytes(_BLOCK) + content[start + _BLOCK :])[: len(content)]


def _noise(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(len(content))


def _more(content: bytes, rng: random.Random) -> bytes:
    return content + rng.randbytes(_BLOCK)


def _lost_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b''.join(lines)


CONTENTS: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    'a bit': _bit,
    'a digit': _digit,
    'cut': _cut,
    'zeros': _zeros,
    'noise': _noise,
    'bytes at the end': _more,
    'a lost line': _lost_line,
}


def apply(path: Path, rng: random.Random) -> str:
    """Damage a file; return what was done.

    Args:
      path: A file that is not empty.
      rng: The generator of the damage.
    """
    kind = rng.choice([*CONTENTS, 'deleted', 'a folder'])
    if kind in CONTENTS:
        write_bytes(path, CONTENTS[kind](path.read_bytes(), rng))
    else:
        path.unlink()
        if kind == 'a folder':
            path.mkdir()
    return kind


def kinds_of(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder that are not empty, grouped by what they hold."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob('*')):
        if path.is_file() and path.stat().st_size:
            parts = path.relative_to(folder).parts
            step = int(parts[1]) if parts[0] == 'checkpoints' and parts[1].isdigit() else None
            name = '/'.join(parts[2:3]) if step is not None else parts[0].split('.out.')[0]
            kinds.setdefault(name, []).append(path)
    return kinds
