"""Problems with two losses: which methods reach the Pareto front, and at which point?

python -m experiments.toy --config=configs/toy2d.py[:variant] --methods=a,b --workdir=DIR

For every method, one vmapped scan runs from all starting points at once. The variants cagrad, nash
and famo repeat the toy experiments of the papers of these methods. The variant front has the
concave front of the Pareto literature.
"""

from pathlib import Path

from absl import flags
from ml_collections import ConfigDict
from rich.progress import track

from experiments import program
from experiments.show import show
from experiments.toy import results
from experiments.toy.run import run
from experiments.toy.setup import read_setup
from mtljax.files import write_bytes

program.define_config()
_WORKDIR = program.define_workdir()
_METHODS = flags.DEFINE_list(
    'methods', None, 'The methods of the config to run. The default is all.'
)


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    setup = read_setup(config, _METHODS.value)
    workdir = program.folder_of(_WORKDIR.value, name)
    program.claim(workdir, ConfigDict({'config': config, 'methods': list(setup.methods)}))
    progress = track(setup.methods, name, console=program.console, transient=True)
    runs = {method: run(setup, method) for method in progress}
    table, caption = results.table(setup, runs), results.caption(setup)
    show(table, name, caption, max_width=12)  # two losses fold into two lines
    files = results.files(setup, runs, table, f'{name}: {caption}')
    for file, content in files.items():
        _write(workdir / file, content)
        program.console.print(str(workdir / file))


def _write(path: Path, content: str | bytes) -> None:
    write_bytes(path, content.encode() if isinstance(content, str) else content)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/toy2d.py'])
