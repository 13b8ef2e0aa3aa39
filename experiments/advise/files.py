"""The files of an advise: the choice as a config that runs, and the numbers."""

import dataclasses
import json
import pprint
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from experiments import program
from experiments.advise.advise import Advice
from experiments.compare.methods import BASELINE
from experiments.compare.next_steps import python
from mtljax.analysis import Table
from mtljax.files import write_text

_CONFIG = '''"""{said}

The program experiments.advise wrote this config.
"""

from ml_collections import ConfigDict

CONFIG = {fields}


def get_config() -> ConfigDict:
    return ConfigDict(CONFIG)
'''


def chosen_config(advice: Advice, config: ConfigDict, plain: ConfigDict) -> dict[str, Any]:
    """Return the fields of the choice, for a whole training.

    Args:
      advice: The advice.
      config: The config of the user.
      plain: The config of the default.
    """
    method = advice.choice.method
    chosen = advice.race.proposals.get(method)
    source = plain if chosen is None or method == 'hard' else chosen.config
    fields = json.loads(source.to_json())
    if method == BASELINE:
        fields['sharing'] = {'fn': 'mtljax.sharing:independent'}
    fields = {name: value for name, value in fields.items() if name not in program.NOT_ASKED}
    return {'seed': config.seed, **fields}


def numbers_of(advice: Advice) -> dict[str, Any]:
    """Return what was measured, as JSON types."""
    found, scores = advice.evidence, advice.scores
    conflicts = None
    if found.branching is not None:
        conflicts = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in found.branching._asdict().items()
        }
    return {
        'choice': advice.choice._asdict(),
        'share': advice.share,
        'conflicts': conflicts,
        'magnitude': found.magnitude,
        'transfer': None if found.transfer is None else found.transfer.tolist(),
        'validation': {name: scores.by_seed(each) for name, each in advice.race.runs.items()},
    }


def write(
    workdir: Path,
    advice: Advice,
    told: Sequence[str],
    tables: Mapping[str, Table],
    fields: Mapping[str, Any],
) -> list[str]:
    """Write the files, and return the commands that train and export the choice.

    Args:
      workdir: The folder.
      advice: What was found.
      told: The advice in sentences.
      tables: The tables behind it.
      fields: The config of the choice.
    """
    text = pprint.pformat(fields, sort_dicts=False, width=96)
    config, run = workdir / 'choice.py', workdir / 'choice'
    said = told[0].replace('\\', ' ').replace('"', ' ')
    write_text(config, _CONFIG.format(said=said, fields=text))
    parts = [*told, *(table.markdown() for table in tables.values())]
    write_text(workdir / 'advice.md', '\n\n'.join(parts) + '\n')
    plain = {name: dataclasses.asdict(table) for name, table in tables.items()}
    found = {'told': list(told), 'found': numbers_of(advice), 'tables': plain, 'config': fields}
    write_text(workdir / 'advice.json', program.to_json(found))
    commands = (
        ['train', f'--config={config}', f'--workdir={run}'],
        ['export', f'--workdir={run}', f'--output={workdir / "model.zip"}'],
    )
    return [shlex.join([python(), '-m', f'experiments.{name}', *rest]) for name, *rest in commands]
