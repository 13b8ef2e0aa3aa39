"""The folder that a user names."""

import os
import re
from pathlib import Path


def local_folder(name: str | Path) -> Path:
    """Return the path of a folder on a local disk. A leading ``~`` is the home folder.

    Args:
      name: The name of the folder.

    Raises:
      ValueError: The name is no path, or the address of a remote storage, such as ``gs://bucket/run``.

    >>> local_folder('runs/digits').as_posix()
    'runs/digits'
    """
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f'A folder should have the name of a path. Found {name!r}.')
    if re.match(r'\w+:/', str(name)):
        raise ValueError(
            'A folder should be on a disk of this computer, or mounted there. '
            f'Found the address {name}. Choose a local folder, and copy it afterwards.'
        )
    return Path(os.path.expanduser(name))
