"""How results came about: the commands, the versions and the config."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from experiments.program.output import readable_json
from experiments.program.starts import NAME
from experiments.report.markup import Html, element, joined

_PACKAGES = ('mtljax', 'jax', 'jaxlib', 'flax', 'optax', 'numpy')
_LONGEST = 200_000  # characters of a config


def provenance(
    workdir: Path,
    config: Mapping[str, Any],
    *,
    devices: Iterable[str],
    code: Iterable[str],
    following: Sequence[str] = (),
) -> Html:
    """Return the part of a page that says how its results came about.

    Args:
      workdir: The folder of the results, which has the starts of the program.
      config: The config, as JSON types.
      devices: The devices of the runs.
      code: The versions of the code of the runs.
      following: The commands that may follow.
    """
    parts = [element('h3', {}, 'Commands'), *map(_command, _starts(workdir))]
    if following:
        parts += [element('h3', {}, 'Next'), *map(_command, following)]
    facts = _environment() | {'devices': ', '.join(devices), 'code of the runs': '; '.join(code)}
    rows = [
        element('div', {}, element('dt', {}, name), element('dd', {}, value))
        for name, value in facts.items()
        if value
    ]
    written = readable_json(config, indent=2)
    if len(written) > _LONGEST:
        written = written[:_LONGEST] + '\n… The rest is in config.json.'
    parts += [
        element('h3', {}, 'Environment'),
        element('dl', {'class': 'facts'}, *rows),
        element('details', {}, element('summary', {}, 'Configuration'), _code(written, 'config')),
    ]
    return joined(parts)


def _starts(workdir: Path) -> list[str]:
    """Return the commands that wrote the folder, each once."""
    try:
        lines = (workdir / NAME).read_text('utf-8', errors='replace').splitlines()
    except OSError:
        return []
    return list(dict.fromkeys(filter(None, map(_command_of, lines))))


def _command_of(line: str) -> str:
    try:
        return str(json.loads(line)['command'])
    except (ValueError, TypeError, KeyError, RecursionError):  # a damaged line
        return ''


def _environment() -> dict[str, str]:
    found = {'python': platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {'system': platform.platform(), 'CPU cores': str(os.cpu_count())}


def _command(command: str) -> Html:
    return _code(command, 'command')


def _code(words: str, css: str) -> Html:
    return element('pre', {'class': css, 'tabindex': 0, 'role': 'group', 'aria-label': css}, words)
