"""The steps of a conversion: plan, read, move, report and write."""

from experiments.convert.move import move
from experiments.convert.read import read
from experiments.convert.report import report
from experiments.convert.request import Request, plan
from experiments.convert.write import write


def convert(request: Request) -> str:
    """Write the new run, and print its cost and its results next to those of the source.

    Returns:
      The command that continues training in the new folder.

    Raises:
      UsageError: The source holds no checkpoint, the move is not defined, the models do not fit
        together, or the new folder is not empty.
    """
    checked = plan(request)
    source = read(checked)
    moved = move(checked, source)
    report(checked, source, moved)
    folder = request.workdir
    write(folder, moved)
    return f'python -m experiments.train --config={folder}/config.py --workdir={folder}'
