"""Write a trained run to a file that answers without the code that trained it.

python -m experiments.export --workdir=RUN --output=model.zip [--tasks=a,b]
[--dtype=float32|bfloat16|int8] [--platforms=cpu,cuda,tpu]

The file holds a program of jax.export for any number of rows, the weights in the format of
safetensors, a manifest, and for a table its schema. `mtljax.serving.load` reads it. With --tasks,
weights that these tasks do not need are left out. With --dtype, the weights are stored with fewer
bits; the program computes with float32. The command then prints every metric on the test split
before and after, for which it reads the data of the run.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import flags

import mtljax
from experiments import program
from experiments.build import OF_CONFIGS
from experiments.export.change import changes, report
from experiments.program import UsageError
from mtljax import build, serving

_WORKDIR = flags.DEFINE_string('workdir', None, 'The folder of a run of experiments.train.')
_OUTPUT = flags.DEFINE_string('output', None, 'The file of the model, which ends with .zip.')
_TASKS = flags.DEFINE_list('tasks', [], 'The tasks that the model answers. By default, all.')
_DTYPE = flags.DEFINE_enum('dtype', 'float32', serving.DTYPES, 'How the weights are stored.')
_PLATFORMS = flags.DEFINE_list('platforms', ['cpu', 'cuda', 'tpu'], 'Where the program can run.')
_TRUST = program.define_trust()


def main() -> None:
    """Run the program."""
    if not _WORKDIR.value or not _OUTPUT.value:
        raise UsageError('--workdir=RUN and --output=model.zip are expected: see --help.')
    target = Path(_OUTPUT.value)
    if not target.parent.is_dir():
        raise UsageError(f'--output should lie in a folder that exists. Found {target}.')
    try:
        results = _results(Path(_WORKDIR.value))
        run = mtljax.load(_WORKDIR.value, known=OF_CONFIGS, trust=_TRUST.value)
        if _DTYPE.value != 'float32':
            before, results = changes(run, _TASKS.value, _DTYPE.value)
            program.console.print(report(before, results, _DTYPE.value), markup=False)
        manifest = build.export(
            run,
            target,
            tasks=_TASKS.value,
            dtype=_DTYPE.value,
            platforms=_PLATFORMS.value,
            results=results,
        )
    except (ValueError, ImportError) as error:
        raise UsageError(str(error)) from error
    weights = manifest['weights']
    program.console.print(
        f'{target}: {", ".join(manifest["tasks"])}; {weights["numbers"]:,} numbers in '
        f'{weights["bytes"]:,} bytes; readable until {manifest["readable_until"]}',
        markup=False,
    )


def _results(workdir: Path) -> Mapping[str, Any]:
    try:
        return json.loads((workdir / 'summary.json').read_bytes())['test']
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise UsageError(
            f'{workdir} should be the folder of a finished run of experiments.train. Found no '
            f'summary.json that can be read: {error!s:.200}. Finish the run first.'
        ) from error


if __name__ == '__main__':
    program.run(main)
