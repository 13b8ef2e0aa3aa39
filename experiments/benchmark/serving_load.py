"""Load on services over loopback: many clients that each wait for an answer."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax.serving import load

_LENGTH = re.compile(rb'content-length: (\d+)', re.IGNORECASE)


class Load(NamedTuple):
    """What clients measured.

    Attributes:
      clients: The number of clients.
      rate: Answered requests per second.
      median: The median latency in seconds.
      slow: The 99th percentile of the latency in seconds.
    """

    clients: int
    rate: float
    median: float
    slow: float


class Served(NamedTuple):
    """A service that runs.

    Attributes:
      port: Its port.
      process: Its process.
    """

    port: int
    process: subprocess.Popen

    @property
    def memory(self) -> float:
        """The resident memory in MB."""
        status = Path(f'/proc/{self.process.pid}/status')
        found = re.search(r'VmRSS:\s+(\d+)', status.read_text()) if status.exists() else None
        return int(found[1]) / 1024 if found else float('nan')


@contextmanager
def served(model: Path, *flags: str):
    """Start the service of a model in a process of its own; stop it at the end."""
    command = [sys.executable, '-m', 'mtljax.serving', f'--model={model}', '--port=0', *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r':(\d+)\s*$', line)
            if found is None:
                raise RuntimeError(f'The service did not start: {line!r}')
            yield Served(int(found[1]), process)
        finally:
            process.terminate()
            process.communicate()  # its last line


def body_of(row: dict[str, float], rows: int) -> bytes:
    """Return the bytes of a request with copies of a row."""
    content = json.dumps([row] * rows).encode()
    head = f'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n'
    return f'{head}Content-Type: application/json\r\n\r\n'.encode() + content


def measure(ports: Sequence[int], request: bytes, clients: int, seconds: float) -> Load:
    """Let clients ask for some seconds. Each sends its request to every port, and waits for all.

    Args:
      ports: The ports of the services.
      request: The bytes of the request.
      clients: The number of clients.
      seconds: The seconds that are measured, after a fifth of them to warm up.
    """
    return asyncio.run(_measured(ports, request, clients, seconds))


async def _measured(ports, request, clients, seconds) -> Load:
    begin = time.perf_counter() + seconds / 5
    end = begin + seconds
    found = await asyncio.gather(*(_client(ports, request, end) for _ in range(clients)))
    times = np.array([pair for pairs in found for pair in pairs if begin <= pair[0] < end])
    if not len(times):
        return Load(clients, 0.0, float('inf'), float('inf'))
    latency = times[:, 1]
    return Load(clients, len(times) / seconds, *map(float, np.quantile(latency, (0.5, 0.99))))


async def _client(ports, request: bytes, end: float) -> list[tuple[float, float]]:
    streams = [await asyncio.open_connection('127.0.0.1', port) for port in ports]
    times = []
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _, writer in streams:
            writer.write(request)
        statuses = [await _answer(reader) for reader, _ in streams]
        if set(statuses) == {200}:
            now = time.perf_counter()
            times.append((now, now - start))
    for _, writer in streams:
        writer.close()
    return times


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b'\r\n\r\n')
    length = _LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b' ', 2)[1])


def in_process(model: Path):
    """Return a function that answers a batch in this process, and waits for the answer."""
    opened = load(model)
    call = opened.call
    return lambda inputs: [np.asarray(x) for parts in call(inputs).values() for x in parts.values()]
