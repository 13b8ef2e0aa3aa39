"""Functions that write a file completely or not at all, and a lock for a folder."""

from mtljax.files._checksum import sum_of_json, with_checksum, without_checksum
from mtljax.files._content import npz_of, png_of
from mtljax.files._folder import local_folder
from mtljax.files._lock import LockedError, locked
from mtljax.files._new_folder import check_free, new_folder
from mtljax.files._write import (
    WriteError,
    append_bytes,
    could_not_write,
    remove_partial_files,
    replacing,
    write_bytes,
    write_text,
)

__all__ = [
    'LockedError',
    'WriteError',
    'append_bytes',
    'check_free',
    'could_not_write',
    'local_folder',
    'locked',
    'new_folder',
    'npz_of',
    'png_of',
    'remove_partial_files',
    'replacing',
    'sum_of_json',
    'with_checksum',
    'without_checksum',
    'write_bytes',
    'write_text',
]
