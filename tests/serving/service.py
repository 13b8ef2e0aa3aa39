"""A service as a process of its own."""

import contextlib
import re
import subprocess
import sys


def started(*flags):
    return subprocess.Popen(
        [sys.executable, '-m', 'mtljax.serving', *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def address(process):
    """The address that a service prints when it is ready."""
    line = process.stdout.readline()
    found = re.search(r'http://\S+', line)
    assert found, process.communicate(timeout=60)
    return found[0]


@contextlib.contextmanager
def served(path, *flags):
    """Serve a model; yield the address. The service should end well."""
    process = started(f'--model={path}', '--port=0', '--drain=0.1', *flags)
    try:
        yield address(process)
    finally:
        process.terminate()
        said, errors = process.communicate(timeout=60)
    assert errors == '', errors
    assert process.returncode == 0
    counts = re.search(r'(\d+) requests were accepted, and (\d+) answered', said)
    assert counts[1] == counts[2]
