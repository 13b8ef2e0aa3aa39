"""What every program shares: flags, one-line errors, the compilation cache, work folders."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags
from rich.console import Console

from mtljax.training import NonFiniteLossError, write_text

console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120)


class UsageError(Exception):
    """A flag, config or folder that cannot be used: one line, exit code 2."""


def define_config(default: str) -> Any:
    """The flag ``--config=FILE.py[:variant]``, locked, with its overrides ``--config.field``."""
    return config_flags.DEFINE_config_file(
        'config', default, 'The config file, and a variant of it behind a colon.', lock_config=True
    )


def define_workdir() -> Any:
    """The flag ``--workdir``."""
    return flags.DEFINE_string(
        'workdir', None, 'Where results go; by default runs/CONFIG[-VARIANT].'
    )


def run(main: Callable[[], None]) -> None:
    """Parse the flags and run ``main``; what the user can mend ends with one line and code 2."""

    def guarded(argv: Sequence[str]) -> None:
        if not flags.FLAGS['verbosity'].present:
            logging.set_verbosity(logging.WARNING)
        cache = os.environ.get('JAX_COMPILATION_CACHE_DIR', '~/.cache/mtljax')
        jax.config.update('jax_compilation_cache_dir', str(Path(cache).expanduser()))
        jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.1)
        try:
            if argv[1:]:
                raise UsageError(f'Unknown arguments {list(argv[1:])}: flags begin with --.')
            main()
        except (UsageError, NonFiniteLossError) as error:
            _fail(error)

    app.run(guarded, flags_parser=_parse)


def _parse(argv: Sequence[str]) -> list[str]:
    asked = {'--help', '-help', '-h', '--helpshort'} & set(argv)
    try:
        if asked:
            argv = [arg for arg in argv if arg not in asked]
            flags.FLAGS(list(argv))
            app.usage(shorthelp=True, writeto_stdout=True, exitcode=0)
        return flags.FLAGS(list(argv))
    except (flags.Error, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        _fail(error)


def _fail(error: Exception):
    line = ' '.join(str(error).split())
    print(f'{type(error).__name__}: {line}', file=sys.stderr)
    sys.exit(2)


def run_name(flag: Any) -> str:
    """``NAME[-VARIANT]`` of a config flag.

    >>> class Flag: config_filename = 'configs/digits.py:pcgrad'
    >>> run_name(Flag)
    'digits-pcgrad'
    """
    path, _, variant = flag.config_filename.partition(':')
    name = Path(path).stem
    return f'{name}-{variant.replace(",", "-")}' if variant else name


def claim(workdir: Path, config: ConfigDict) -> None:
    """Make the work folder, or see that it belongs to this config.

    Raises:
      UsageError: another config wrote it.
    """
    path = workdir / 'config.json'
    wanted = json.loads(config.to_json(sort_keys=True))
    if path.exists():
        found = _leaves(json.loads(path.read_text()))
        mine = _leaves(wanted)
        fields = [f for f in sorted(found.keys() | mine.keys()) if found.get(f) != mine.get(f)]
        if fields:
            differences = ', '.join(
                f'{field}: {found.get(field)!r} there, {mine.get(field)!r} here' for field in fields
            )
            raise UsageError(
                f'{workdir} belongs to another config ({differences}). Choose another --workdir.'
            )
    try:
        workdir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f'{workdir} cannot be a work folder: {error}.') from error
    write_text(path, json.dumps(wanted, indent=2) + '\n')


def _leaves(tree: Any, path: str = '') -> dict[str, Any]:
    if not isinstance(tree, dict) or not tree:
        return {path.lstrip('.'): tree}
    found = {}
    for key, value in tree.items():
        found.update(_leaves(value, f'{path}.{key}'))
    return found
