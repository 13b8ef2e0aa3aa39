"""Write a trained run to a file that answers without the code that trained it.

python -m experiments.export --workdir=RUN --output=model.zip [--tasks=a,b]
[--dtype=float32|bfloat16|int8] [--platforms=cpu,cuda,tpu]
python -m experiments.export --workdir=RUN --output=model.onnx --format=onnx [--tasks=a,b]
python -m experiments.export --workdir=RUN --output=REPOSITORY/NAME --format=triton [--tasks=a,b]

program, the default format: a zip file with a program of jax.export for any number of rows, the
weights in the format of safetensors, a manifest, and for a table its schema. `mtljax.serving.load`
reads it. With --dtype, the weights are stored with fewer bits; the program computes with float32.
The command then prints every metric on the test split before and after, for which it reads the data
of the run.

onnx: one file for onnxruntime and other engines, with weights of float32. The command compares the
answers of onnxruntime with those of the run.

triton: a new folder of a Triton model repository, around a file of ONNX.

With --tasks, weights that these tasks do not need are left out.
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
from mtljax.files import check_free

_WORKDIR = flags.DEFINE_string('workdir', None, 'The folder of a run of experiments.train.')
_OUTPUT = flags.DEFINE_string('output', None, 'The file (or folder, for triton) of the model.')
_FORMAT = flags.DEFINE_enum('format', 'program', ['program', 'onnx', 'triton'], 'The format.')
_TASKS = flags.DEFINE_list('tasks', [], 'The tasks that the model answers. By default, all.')
_DTYPE = flags.DEFINE_enum('dtype', 'float32', serving.DTYPES, 'How a program stores its weights.')
_PLATFORMS = flags.DEFINE_list('platforms', ['cpu', 'cuda', 'tpu'], 'Where a program can run.')
_TRUST = program.define_trust()


def main() -> None:
    """Run the program."""
    if not _WORKDIR.value or not _OUTPUT.value:
        raise UsageError('--workdir=RUN and --output=model.zip are expected: see --help.')
    target = Path(_OUTPUT.value)
    program.refuse_comparison(Path(_WORKDIR.value), '--workdir', 'export')
    write = {'program': _program, 'onnx': _onnx, 'triton': _triton}[_FORMAT.value]
    try:
        _check(target)
        results = _results(Path(_WORKDIR.value))
        run = mtljax.load(_WORKDIR.value, known=OF_CONFIGS, trust=_TRUST.value)
        manifest = write(run, target, results)
    except (ValueError, ImportError, OSError) as error:
        raise UsageError(str(error)) from error
    weights, until = manifest['weights'], manifest.get('readable_until')
    program.console.print(
        f'{target}: {", ".join(manifest["tasks"])}; {weights["numbers"]:,} numbers in '
        f'{weights["bytes"]:,} bytes{f"; readable until {until}" if until else ""}',
        markup=False,
    )


def _check(target: Path) -> None:
    """Check the flags before the run is read."""
    suffix = {'program': '.zip', 'onnx': '.onnx', 'triton': target.suffix}[_FORMAT.value]
    if target.suffix != suffix:
        raise UsageError(
            f'--output should end with {suffix} for --format={_FORMAT.value}. Found {target}.'
        )
    if _FORMAT.value == 'triton':
        check_free(target)
    if not target.parent.is_dir():
        raise UsageError(f'--output should lie in a folder that exists. Found {target}.')
    if _FORMAT.value != 'program' and (
        _DTYPE.value != 'float32' or flags.FLAGS['platforms'].present
    ):
        raise UsageError(
            f'--dtype and --platforms are options of --format=program. Found --format='
            f'{_FORMAT.value}, which stores float32. Leave them out.'
        )


def _program(run: build.Run, target: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    if _DTYPE.value != 'float32':
        before, results = changes(run, _TASKS.value, _DTYPE.value)
        program.console.print(report(before, results, _DTYPE.value), markup=False)
    return build.export(
        run,
        target,
        tasks=_TASKS.value,
        dtype=_DTYPE.value,
        platforms=_PLATFORMS.value,
        results=results,
    )


def _onnx(run: build.Run, target: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    return build.export_onnx(run, target, tasks=_TASKS.value, results=results)


def _triton(run: build.Run, target: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    return build.export_triton(run, target, tasks=_TASKS.value, results=results)


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
