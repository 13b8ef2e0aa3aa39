"""The files of a small run, which other formats damage."""

import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtljax import build, training
from mtljax.files import write_text

CONFIG: Mapping[str, Any] = {
    'seed': 0,
    'data': {'fn': 'mtljax.data:digits', 'train': 16, 'validation': 8, 'test': 8},
    'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': [3]},
    'sharing': {'fn': 'mtljax.sharing:hard'},
    'weighting': {'fn': 'mtljax.weighting:equal'},
    'surgery': {'fn': 'mtljax.surgery:sum'},
    'optimizer': {'fn': 'optax:sgd', 'learning_rate': 0.1},
    'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
    'train': {'steps': 4, 'batch_size': 8, 'log_every': 2, 'eval_every': 2},
}
RUN = 'run/'


@functools.cache
def built() -> build.Setup:
    """Return the model and the data of the run."""
    return build.setup(CONFIG)


@functools.cache
def files() -> Mapping[str, bytes]:
    """Train once, and return the files of the run by their paths, which begin with ``run/``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training.train(*built(), workdir=folder)
        write_text(folder / 'config.json', json.dumps(CONFIG, indent=2) + '\n')
        write_text(folder / 'summary.json', '{"test": {"left": {"loss": 2.5}}}\n')
        paths = sorted(path for path in folder.rglob('*') if path.is_file())
        return {f'{RUN}{path.relative_to(folder)}': path.read_bytes() for path in paths}
