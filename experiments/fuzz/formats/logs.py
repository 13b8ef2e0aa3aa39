"""The log of a run, and its other files of text, which `experiments.verify` reads too."""

from importlib import import_module
from pathlib import Path

from absl import flags

from experiments.fuzz.formats.json_text import DEPTH, TOKENS, edit_json
from experiments.fuzz.formats.run_files import RUN, files
from experiments.fuzz.harness import Case, Harness, Material
from mtljax import training

_NAMES = ('a\udcff.json', 'line\nend.json', 'b' * 250 + '.json', '.json', 'metrics.jsonl ')
_JSON = ('.json', '.jsonl', 'checks/metadata', 'progress/metadata')
_LINES = (
    *('[' * DEPTH, '{"step": ' + '9' * 5000 + '}', '{"step": 1e400}', '1\n[]', '{"step": true}'),
    *('{"step": ' + '9' * 4000 + '}', '{"step": 1, "a": ' + '9' * 400 + '}', '{"step": 1}' * 2),
)


def log() -> Harness:
    """Return the harness of `training.read_rows` and of `experiments.verify`."""
    tokens = (*TOKENS, b'"step": ', b'NaN', b'null', b'\n', b'"sum": 0', b'"log": 1')
    return Harness('log', _files, _read, tokens, edit_json, _NAMES, whole=True)


def _files() -> Material:
    seeds = {name: content for name, content in files().items() if name.endswith(_JSON)}
    source = f'{RUN}metrics.jsonl'
    cases = [Case(source, source, f'{text}\n'.encode()) for text in _LINES]
    cases += [Case(f'{RUN}summary.json', f'{RUN}{name}', b'{}') for name in _NAMES]
    beside = {name: content for name, content in files().items() if name not in seeds}
    return Material(seeds, cases, beside)


def _read(folder: Path, name: str) -> None:
    training.read_rows(folder / RUN / 'metrics.jsonl')
    verify = import_module('experiments.verify.__main__')  # late, because it defines flags
    flags.FLAGS(['verify', f'--workdir={folder / RUN}'])
    try:
        verify.main()
    except SystemExit as error:
        if error.code != 1:
            raise
