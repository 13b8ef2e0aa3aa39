"""How a program starts and ends."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from absl import app, flags, logging

from experiments.program.config_file import load_config
from experiments.program.errors import UsageError, fail, said_by
from experiments.program.fields import separate
from experiments.program.folder import holding
from experiments.program.stopping import STOPPED, ProgramStopped, stop
from experiments.program.values import with_tab
from mtljax._extra import MissingExtraError
from mtljax._near import did_you_mean
from mtljax.files import LockedError
from mtljax.training import NonFiniteLossError, StoppedError

_CONFIG_FLAGS = ('--config', '-config')
_HELP_FLAGS = ('--help', '-help', '-h', '--helpshort')


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
        except (StoppedError, ProgramStopped) as error:
            goal = ' to continue' if isinstance(error, StoppedError) else ''
            print(f'{error} Start the same command again{goal}.', file=sys.stderr)
            sys.exit(STOPPED)
        except (UsageError, MissingExtraError, NonFiniteLossError, LockedError, OSError) as error:
            if flags.FLAGS.verbosity > 0:
                raise
            fail(f'{said_by(error)} (--verbosity=1 shows where)')
        finally:
            holding.close()

    app.run(guarded, flags_parser=_parse)


def _parse(argv: Sequence[str]) -> list[str]:
    if set(_HELP_FLAGS) & set(argv):
        print(_help())
        sys.exit(0)
    argv = [with_tab(arg) for arg in argv]
    try:
        name = _config_name(argv) if 'config' in flags.FLAGS else None
        kept, new = (argv, {}) if name is None else separate(argv, load_config(name))
        rest = _parsed(kept)
        if name is not None:
            flag: Any = flags.FLAGS['config']
            flag.new_fields = new
    except (KeyError, AttributeError) as error:
        fail(f'The config has no such field: {" ".join(str(error.args[0]).split())}')
    except UsageError as error:
        fail(str(error))
    except (flags.Error, TypeError, ValueError, OSError) as error:
        fail(_said(error))
    return rest


def _config_name(argv: Sequence[str]) -> str | None:
    """Return the value of the flag ``--config``; the last one counts."""
    name = None
    for arg, after in zip(argv, [*argv[1:], None], strict=True):
        flag, equals, value = arg.partition('=')
        if flag in _CONFIG_FLAGS:
            name = value if equals else after
    return name


def _parsed(argv: list[str]) -> list[str]:
    """Parse the flags. ml_collections finds those of the config in ``sys.argv``."""
    whole, sys.argv = sys.argv, argv
    try:
        return flags.FLAGS(argv)
    finally:
        sys.argv = whole


def _said(error: Exception) -> str:
    """Return the message of an error of a flag; if it has a few values, what may be meant."""
    choice = re.fullmatch(r'flag (--\w+)=(.*): value should be one of <(.*)>', str(error))
    if choice is None:
        return str(error)
    known = choice[3].split('|')
    return (
        f'{choice[1]} should be one of {", ".join(known)}. '
        f'Found {choice[2]!r}.{did_you_mean(choice[2], known)}'
    )


def _help() -> str:
    """Return the docstring of the program, and its flags."""
    lines = [sys.modules['__main__'].__doc__ or '', 'Flags:']
    for module, defined in flags.FLAGS.flags_by_module_dict().items():
        if module.startswith(('experiments', 'mtljax')) or module == sys.argv[0]:
            lines += [f'  --{flag.name}: {flag.help} (default: {flag.value})' for flag in defined]
    return '\n'.join(lines)
