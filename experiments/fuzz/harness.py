"""A harness: the files of one format, and the function that reads them."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Damage = Callable[[bytes], bytes]
"""A function that changes some bytes."""
Edit = Callable[[str, bytes, random.Random, Damage], bytes]
"""A function of the name and the content of a file, a generator, and a `Damage`."""


class Case(NamedTuple):
    """A file to read.

    Attributes:
      source: The name of the valid file whose place it takes.
      name: Its own name, relative to the folder.
      content: Its content.
      valid: Whether the reader has to accept it.
    """

    source: str
    name: str
    content: bytes
    valid: bool = False


class Material(NamedTuple):
    """The files that a harness starts from.

    Attributes:
      seeds: The valid files, ``{name: content}``.
      hostile: Files that were made to do harm.
      beside: Files that lie beside them, and are not damaged.
    """

    seeds: Mapping[str, bytes]
    hostile: Sequence[Case] = ()
    beside: Mapping[str, bytes] = {}


class WrongValueError(Exception):
    """A reader returned other values than the file held, or did what no file may ask for."""


class Harness(NamedTuple):
    """One format.

    All functions have to be importable, because another process calls them.

    Attributes:
      name: The name of the format.
      make: A function without arguments that makes the files.
      read: A function that reads a file: its arguments are a folder, and the name of the file in
        it.
      tokens: Texts with a meaning in the format, which are inserted.
      edit: A function that damages the inside of a container, such as a .gz file, and keeps the
        container valid. None damages the bytes of the file.
      names: File names that a damaged file may get. Its folder stays the same.
      whole: Whether the other valid files have to lie beside the damaged one.
      memory: The number of bytes by which a reader may grow.
      starts: Whether the reader may start another process.
    """

    name: str
    make: Callable[[], Material]
    read: Callable[[Path, str], Any]
    tokens: Sequence[bytes] = ()
    edit: Edit | None = None
    names: Sequence[str] = ()
    whole: bool = False
    memory: int = 1 << 30
    starts: bool = False
