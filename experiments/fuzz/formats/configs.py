"""The config of a run, whose folder may come from a stranger."""

import json
import sys
from pathlib import Path

import mtljax
from experiments.convert.configs import read_config
from experiments.fuzz.formats.json_text import DEPTH, TOKENS, edit_json
from experiments.fuzz.formats.run_files import CONFIG, RUN, files
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError

_NEVER = ('this', 'antigravity', 'turtle', 'idlelib', 'lib2to3')  # nothing else imports them
_SOURCE = f'{RUN}config.json'


def config() -> Harness:
    """Return the harness of `mtljax.load`."""
    return Harness('config', _files, _load, TOKENS, edit_json, whole=True)


def convert() -> Harness:
    """Return the harness of the config that `experiments.convert` reads."""
    return Harness('convert', _files, _read, TOKENS, edit_json, whole=True)


def _files() -> Material:
    texts = [json.dumps({'fn': name}) for name in ('this:d', 'os:system')]
    texts += [json.dumps({**CONFIG, field: {'fn': 'antigravity:x'}}) for field in CONFIG]
    texts += ['[' * DEPTH, '{"a":' * DEPTH, '[]', '1', 'null', '"x"', '', '9' * 5000]
    cases = [Case(_SOURCE, _SOURCE, text.encode()) for text in texts]
    beside = {name: content for name, content in files().items() if name != _SOURCE}
    return Material({_SOURCE: files()[_SOURCE]}, cases, beside)


def _load(folder: Path, name: str) -> None:
    try:
        mtljax.load(folder / RUN)
    finally:
        _check_imports()


def _read(folder: Path, name: str) -> None:
    try:
        read_config(folder / RUN)
    finally:
        _check_imports()


def _check_imports() -> None:
    imported = [name for name in _NEVER if name in sys.modules]
    if imported:
        raise WrongValueError(f'The config should import nothing. Found {imported}.')
