"""The service, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

_MIB = 1 << 10  # in the unit of /proc


class Process:
    """A service on this machine.

    Args:
      model: The file of the model.
      flags: Flags of the service.

    Attributes:
      port: Its port.
    """

    def __init__(self, model: Path, *flags: str):
        command = [sys.executable, '-m', 'mtljax.serving', f'--model={model}', '--port=0', *flags]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self._process.stdout is not None
        found = re.search(r'http://\S+:(\d+)', self._process.stdout.readline())
        if found is None:
            raise ValueError(f'The service should start. Found: {self._log()}')
        self.port = int(found[1])

    def memory(self) -> float:
        """Return the resident memory, in MiB."""
        status = Path(f'/proc/{self._process.pid}/status').read_text()
        found = re.search(r'VmRSS:\s+(\d+) kB', status)
        return int(found[1]) / _MIB if found else 0.0

    def terminate(self) -> None:
        """Ask the service to stop."""
        os.kill(self._process.pid, signal.SIGTERM)

    def counts(self) -> tuple[int, int]:
        """Wait until the service has stopped; return the accepted and the answered requests.

        Raises:
          ValueError: The service failed, or said something about errors.
        """
        said, _ = self._process.communicate(timeout=120)
        log = self._log()
        if self._process.returncode or log:
            raise ValueError(f'the service ended with {self._process.returncode}: {log}')
        numbers = re.findall(r'\d+', said.splitlines()[-1])
        return int(numbers[0]), int(numbers[1])

    def _log(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode('utf-8', 'replace')[-2000:]

    def kill(self) -> None:
        """End the service at once, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
