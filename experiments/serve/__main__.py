"""Serve a model that experiments.export wrote.

python -m experiments.serve --model=model.zip [--port=8000] [--host=127.0.0.1]

This is the command python -m mtljax.serving, which needs the package alone. POST /predict takes
rows as JSON or CSV, and answers with the predictions of all tasks. Rows of requests that come at
the same time share one call of the model. SIGTERM and SIGINT stop the service after all accepted
requests are answered. There is no authentication: the service listens on this machine only, unless
--host says otherwise.
"""

from pathlib import Path

from absl import flags

from experiments import program
from mtljax.serving.__main__ import serve


def main() -> None:
    """Run the program."""
    model = Path(flags.FLAGS['model'].value or 'model.zip')
    if model.is_dir():
        runs = program.runs_inside(model) or [model]
        raise program.UsageError(
            f'--model should be a file that experiments.export wrote. Found the folder {model}. '
            f'Export a run first: python -m experiments.export --workdir={runs[0]} '
            '--output=model.zip'
        )
    serve()


if __name__ == '__main__':
    program.run(main)
