"""Check that exported models answer as the model does."""

import importlib.util
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.program import UsageError, console
from experiments.selfcheck.errors import CheckError
from experiments.selfcheck.export_networks import Case, cases
from mtljax import answers, serving
from mtljax.serving._onnx.check import difference

_NEAR, _NOISE = 1e-5, 0.1


def check(names: Sequence[str] | None) -> None:
    """Export every backbone and every scheme, and print a line for each.

    Args:
      names: The backbones and schemes. None means all.

    Raises:
      CheckError: A difference is larger than 1e-5 of the largest answer, or an export failed.
      UsageError: A name is unknown.
    """
    known = cases()
    chosen = [name for name in known if names is None or name.split(' on ')[0] in names]
    unknown = {*(names or ())} - {name.split(' on ')[0] for name in known}
    if unknown:
        raise UsageError(f'--schemes should be among {", ".join(known)}. Found {sorted(unknown)}.')
    both = all(importlib.util.find_spec(name) for name in ('jax2onnx', 'onnx', 'onnxruntime'))
    if not both:
        console.print('ONNX is left out: its extra is not installed.')
    failed = []
    for name in chosen:
        if not _passes(name, known[name], both):
            failed.append(name)
        jax.clear_caches()  # compiled programs take much memory
    if failed:
        raise CheckError(f'{len(failed)} of {len(chosen)} exports failed: {", ".join(failed)}')


def _passes(name: str, case: Case, both: bool) -> bool:
    """Print the differences of one model, and return whether they are small."""
    variables = _variables(case)
    right = answers_of(case, variables)
    parts, good = [], True
    for kind, found_by in {'program': _by_program, 'onnx': _by_onnx}.items():
        if kind == 'onnx' and not both:
            continue
        begin = time.perf_counter()
        try:
            off = largest(found_by(case, variables), right)
            said, good = f'{off:.1e}', good and off <= _NEAR
        except ValueError as error:
            said, good = str(error), False
        parts.append(f'{kind} {said} ({time.perf_counter() - begin:.1f} s)')
    console.print(f'{name}: {", ".join(parts)}', markup=False, highlight=False, soft_wrap=True)
    return good


def answers_of(case: Case, variables: Any) -> dict[str, dict[str, Any]]:
    """Return the answers by `model.apply`."""
    predictions, _ = jax.jit(case.model.apply)(*variables, case.inputs)
    return {name: answers.of(case.tasks[name]).apply(value) for name, value in predictions.items()}


def largest(
    found: Mapping[str, Mapping[str, Any]], right: Mapping[str, Mapping[str, Any]]
) -> float:
    """Return the largest difference of all parts, divided by the largest entry of the part."""
    return max(
        difference(np.asarray(found[task][part]), np.asarray(values))
        for task, parts in right.items()
        for part, values in parts.items()
    )


def _variables(case: Case) -> Any:
    """Return parameters of which none is zero, and the state."""
    params, state = case.model.init(jax.random.key(1), case.inputs)
    rng = np.random.default_rng(1)

    def noisy(leaf):
        scale = _NOISE * (float(leaf.std()) or 1.0)
        return leaf + scale * rng.normal(size=leaf.shape).astype(leaf.dtype)

    return jax.tree.map(noisy, params), state


def _by_program(case: Case, variables: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model.zip'
        serving.export(path, case.model, case.tasks, variables, case.inputs)
        return serving.load(path).predict(case.inputs)


def _by_onnx(case: Case, variables: Any) -> Any:
    import onnxruntime  # an extra

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model.onnx'
        serving.export_onnx(path, case.model, case.tasks, variables, case.inputs)
        session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    manifest = json.loads(session.get_modelmeta().custom_metadata_map['manifest'])
    inputs = dict(zip(manifest['inputs'], jax.tree.leaves(case.inputs), strict=True))
    found: dict[str, dict[str, Any]] = {task: {} for task in manifest['tasks']}
    outputs = [output.name for output in session.get_outputs()]
    for name, value in zip(outputs, session.run(outputs, inputs), strict=True):
        task, part = name.split('.', 1)
        found[task][part] = value
    return found
