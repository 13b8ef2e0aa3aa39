"""Clients that send good requests while the service is stopped."""

import asyncio
import random
from collections import Counter

from experiments.fuzz.service.client import read
from experiments.fuzz.service.good import Good
from experiments.fuzz.service.process import Process

_CLIENTS, _SECONDS = 16, 3.0


async def stop(process: Process, good: Good, seed: int) -> Counter[str]:
    """Stop the service under load; return how many requests had which end.

    Half of the clients use one connection for many requests, and half a new one for each. A
    request is ``answered``, ``cut`` in the middle of its answer, or ``left``: the connection ended
    without a byte of an answer, because the service did not accept the request.
    """
    ends: Counter[str] = Counter()
    running = [
        asyncio.create_task(_client(process.port, good, random.Random(f'{seed} {n}'), n % 2, ends))
        for n in range(_CLIENTS)
    ]
    await asyncio.sleep(_SECONDS)
    process.terminate()
    await asyncio.gather(*running)
    return ends


async def _client(
    port: int, good: Good, rng: random.Random, again: int, ends: Counter[str]
) -> None:
    """Send requests until the service does not listen any more."""
    while True:
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
        except OSError:
            return
        try:
            last = False
            while not last:
                end, last = await _ask(reader, writer, good, rng)
                ends[end] += 1
                last = last or not again
        finally:
            writer.transport.abort()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, good: Good, rng: random.Random
) -> tuple[str, bool]:
    """Send a request; return its end, and whether the connection ends."""
    plan = good.json(rng)
    assert plan.check is not None
    try:
        writer.write(plan.parts[0])
        answer = await read(reader)
        plan.check(answer.body)
        return 'answered', answer.last
    except (OSError, asyncio.IncompleteReadError) as error:
        return 'cut' if getattr(error, 'partial', b'') else 'left', True
    except (ValueError, KeyError) as error:
        return f'wrong: {error!s:.100}', True
