"""What all programs share: flags, one-line errors, the compilation cache and work folders."""

import contextlib
import errno
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import jax
from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags
from rich.console import Console

from mtljax.build import former_names
from mtljax.files import (
    LockedError,
    WriteError,
    local_folder,
    locked,
    remove_partial_files,
    write_text,
)
from mtljax.training import NonFiniteLossError, StoppedError

_LISTED = 5
# Fields that no single run depends on; the seed is part of its name.
NOT_ASKED = ('seed', 'published', 'methods', 'comparison', 'sweep')
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STOPPED = 75  # EX_TEMPFAIL of sysexits.h: start me again
console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120)


class Stop:
    """Whether a signal asked the program to stop. A second signal ends the program at once."""

    def __init__(self):
        self._asked = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT set the flag."""
        before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return whether a signal has come."""
        return self._asked

    def _ask(self, *_: Any) -> None:
        self._asked = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)


stop = Stop()
holding = contextlib.ExitStack()  # locks of folders and handlers, until the program ends


class UsageError(Exception):
    """An error that the user can correct. The program prints one line and exits with code 2."""


def define_config() -> Any:
    """Define the flag ``--config=FILE.py[:variant]``, and ``--config.field`` for each field."""
    return config_flags.DEFINE_config_file(
        'config', None, 'The config file. A variant may follow after a colon.', lock_config=True
    )


def define_workdir() -> Any:
    """Define the flag ``--workdir``."""
    return flags.DEFINE_string(
        'workdir', None, 'The folder of the results. The default is runs/NAME of the config.'
    )


def folder_of(workdir: str | None, default: str) -> Path:
    """Return the folder of the results.

    Args:
      workdir: The value of the flag ``--workdir``.
      default: The name of the folder in ``runs`` if the flag has no value.

    Raises:
      UsageError: The folder is the address of a remote storage.
    """
    try:
        return local_folder(workdir or Path('runs') / default)
    except ValueError as error:
        raise UsageError(str(error)) from error


def define_trust() -> Any:
    """Define the flag ``--trust``, for programs that read a folder of somebody else."""
    return flags.DEFINE_multi_string(
        'trust',
        [],
        'A package whose functions the config of the folder may name. It can be repeated.',
    )


def run(main: Callable[..., None], *, default: Sequence[str] = (), arguments: bool = False) -> None:
    """Parse the flags and run ``main``. For an error that the user can correct, print one line.

    Args:
      main: The program.
      default: The flags that are added in front if no config is given.
      arguments: Whether ``main`` takes the list of arguments that are not flags. If False, such
        arguments are an error.
    """
    if not any(arg.split('=')[0] in _CONFIG_FLAGS for arg in sys.argv):
        sys.argv[1:1] = default

    def guarded(argv: Sequence[str]) -> None:
        if not flags.FLAGS['verbosity'].present:
            logging.set_verbosity(logging.WARNING)
        cache = os.environ.get('JAX_COMPILATION_CACHE_DIR', '~/.cache/mtljax')
        jax.config.update('jax_compilation_cache_dir', str(Path(cache).expanduser()))
        jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.1)
        holding.enter_context(stop.installed())
        try:
            if argv[1:] and not arguments:
                raise UsageError(
                    f'All arguments should be flags, which begin with --. Found {list(argv[1:])}.'
                )
            main(*([argv[1:]] if arguments else []))
        except StoppedError as error:
            print(f'{error} Start the same command again to continue.', file=sys.stderr)
            sys.exit(_STOPPED)
        except (UsageError, NonFiniteLossError, OSError) as error:
            if flags.FLAGS.verbosity > 0:
                raise
            _fail(f'{_said_by(error)} (--verbosity=1 shows where)')
        finally:
            holding.close()

    app.run(guarded, flags_parser=_parse)


def _said_by(error: Exception) -> str:
    """Return the message of an error. An error of the operating system also says what to do."""
    if not isinstance(error, OSError) or isinstance(error, WriteError):
        return str(error)
    path = error.filename or 'A file'
    return (
        f'{path} should be a file that can be read. Found an error: {error.strerror or error}. '
        'Remove it, make it readable or choose another folder, and start again.'
    )


_CONFIG_FLAGS = ('--config', '-config')
_HELP_FLAGS = ('--help', '-help', '-h', '--helpshort')


def _parse(argv: Sequence[str]) -> list[str]:
    if set(_HELP_FLAGS) & set(argv):
        print(_help())
        sys.exit(0)
    try:
        rest = flags.FLAGS(list(argv))
        if 'config' in flags.FLAGS:
            flags.FLAGS.config.to_dict()  # raises here if the file did not load
    except (AttributeError, KeyError) as error:
        _fail(f'The config has no such field: {error.args[0]}.')
    except (flags.Error, TypeError, ValueError, OSError) as error:
        _fail(str(error))
    return rest


def _help() -> str:
    """Return the docstring of the program, and its flags."""
    lines = [sys.modules['__main__'].__doc__ or '', 'Flags:']
    for module, defined in flags.FLAGS.flags_by_module_dict().items():
        if module.startswith('experiments') or module == sys.argv[0]:
            lines += [f'  --{flag.name}: {flag.help} (default: {flag.value})' for flag in defined]
    return '\n'.join(lines)


def _fail(message: str) -> NoReturn:
    """Print the message as one line (the last line of a traceback), and exit with code 2."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    line = lines[-1] if 'Traceback' in message else ' '.join(lines)
    print(f'Error: {line}', file=sys.stderr)
    sys.exit(2)


def run_name(flag: Any) -> str:
    """Return the name of a run, ``NAME[-VARIANT]``, from a config flag.

    >>> class Flag: config_filename = 'configs/digits.py:pcgrad'
    >>> run_name(Flag)
    'digits-pcgrad'
    """
    path, _, variant = flag.config_filename.partition(':')
    name = Path(path).stem
    return f'{name}-{variant.replace(",", "-")}' if variant else name


def claim(workdir: Path, config: ConfigDict) -> None:
    """Make the work folder, or check that it belongs to this config. Lock it until the end.

    Raises:
      UsageError: The folder belongs to another config, or another process uses it.
    """
    path = workdir / 'config.json'
    wanted = json.loads(config.to_json(sort_keys=True))
    _check_numbers(wanted)
    try:
        holding.enter_context(locked(workdir))
        remove_partial_files(workdir)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UsageError(
            f'--workdir should be a folder that can be written. Found {workdir}: '
            f'{os.strerror(error.errno or 0)}. Choose another folder, or make this one writable.'
        ) from error
    except LockedError as error:
        raise UsageError(str(error)) from error
    if path.exists() and _holds_results(workdir):
        _check_same(workdir, _read_config(path), wanted)
    write_text(path, json.dumps(wanted, indent=2) + '\n')


def _check_numbers(config: Mapping[str, Any]) -> None:
    """Refuse NaN: it does not equal itself, so the run could not be started again."""
    for field, value in _leaves(config).items():
        if 'NaN' in json.dumps(value).replace('"NaN"', ''):
            raise UsageError(f'config.{field} should not be NaN. Found {value!r}.')


def _read_config(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f'{path} should hold the config of the run. Found a damaged file: {error}. Remove it, '
            'if the run belongs to the config that you passed.'
        ) from error


def _check_same(workdir: Path, before: Any, now: Any) -> None:
    there, here = (_leaves(former_names(config)) for config in (before, now))
    fields = [
        field
        for field in sorted(there.keys() | here.keys())
        if there.get(field) not in (here.get(field), _finite(here.get(field)))
    ]
    if fields:
        listed = [f'{f}: {there.get(f)!r} there, {here.get(f)!r} here' for f in fields[:_LISTED]]
        more = [f'and {len(fields) - _LISTED} more'] if len(fields) > _LISTED else []
        raise UsageError(
            f'{workdir} belongs to another config ({", ".join(listed + more)}). '
            'Choose another --workdir.'
        )


def claim_comparison(workdir: Path, config: ConfigDict) -> None:
    """Make the folder of a comparison, or check that it belongs to this config.

    The methods of the comparison may differ, because every run in the folder names what it depends
    on.

    Raises:
      UsageError: The folder belongs to another config.
    """
    whole = config.copy_and_resolve_references().to_dict()
    claim(
        workdir, ConfigDict({k: v for k, v in whole.items() if k == 'seed' or k not in NOT_ASKED})
    )


def to_json(tree: Any) -> str:
    r"""Return a tree as JSON, with null for NaN and infinity.

    >>> to_json({'error': float('nan')})
    '{\n  "error": null\n}\n'
    """
    return json.dumps(_finite(tree), indent=2) + '\n'


def _finite(value: Any) -> Any:
    """Replace NaN and infinity by None."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _holds_results(workdir: Path) -> bool:
    """Return whether the folder holds results, which must not be mixed or lost."""
    files = [workdir / name for name in ('metrics.jsonl', 'summary.json', 'results.json')]
    written = any(file.exists() and file.stat().st_size for file in files)
    return written or any(
        any(workdir.glob(f'{name}/[0-9a-z]*')) for name in ('checkpoints', 'runs')
    )


def _leaves(tree: Any, path: str = '') -> dict[str, Any]:
    if not isinstance(tree, dict) or not tree:
        return {path.lstrip('.'): tree}
    leaves = {}
    for key, value in tree.items():
        leaves.update(_leaves(value, f'{path}.{key}'))
    return leaves
