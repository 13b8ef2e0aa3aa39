"""The folder of a comparison, where the folder of a run is expected."""

from pathlib import Path

from experiments.program.errors import UsageError

_LISTED = 5


def refuse_comparison(folder: Path, flag: str, program: str) -> None:
    """Refuse the folder of a comparison, or its folder ``best``, and name the runs inside.

    Args:
      folder: The folder that the user passed.
      flag: The flag that names a run, such as ``'--workdir'``.
      program: The program that takes this flag.

    Raises:
      UsageError: The folder is that of a comparison.
    """
    runs = runs_inside(folder)
    if runs is None:
        return
    if not runs:
        raise UsageError(
            f'{folder} is the folder of a comparison that has kept no run yet. Start the command '
            'of the comparison again to finish it.'
        )
    more = ', ...' if len(runs) > _LISTED else ''
    raise UsageError(
        f'{flag} should be the folder of a run. Found {folder}, the folder of a comparison. Its '
        f'best runs are {", ".join(map(str, runs[:_LISTED]))}{more}. Start again with one of them: '
        f'python -m experiments.{program} {flag}={runs[0]}'
    )


def runs_inside(folder: Path) -> list[Path] | None:
    """Return the best runs in the folder of a comparison; None if it is another folder."""
    best = folder if folder.name == 'best' else folder / 'best'
    compared = (folder / 'runs').is_dir() and (folder / 'config.json').is_file()
    if (folder / 'checkpoints').exists() or not (best.is_dir() or compared):
        return None
    runs = [path for path in best.glob('seed-*') if (path / 'summary.json').is_file()]
    return sorted(runs, key=lambda path: (len(path.name), path.name))
