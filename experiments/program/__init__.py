"""What all programs share: flags, one-line errors, the compilation cache and work folders."""

from experiments.program.comparison_folder import refuse_comparison, runs_inside
from experiments.program.define import define_config, define_trust, define_workdir, run_name
from experiments.program.errors import UsageError
from experiments.program.folder import (
    NOT_ASKED,
    claim,
    claim_comparison,
    folder_of,
    holding,
    keep_options,
)
from experiments.program.methods import config_of, short, use_method
from experiments.program.output import console, readable_json, to_json
from experiments.program.running import run
from experiments.program.stopping import stop

__all__ = [
    'NOT_ASKED',
    'UsageError',
    'claim',
    'claim_comparison',
    'config_of',
    'console',
    'define_config',
    'define_trust',
    'define_workdir',
    'folder_of',
    'holding',
    'keep_options',
    'readable_json',
    'refuse_comparison',
    'run',
    'run_name',
    'runs_inside',
    'short',
    'stop',
    'to_json',
    'use_method',
]
