"""Many clients that send all kinds of requests, while the memory of the service is watched."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from experiments.fuzz.service.bad import Bad
from experiments.fuzz.service.client import ask
from experiments.fuzz.service.good import Good
from experiments.fuzz.service.heavy import Heavy
from experiments.fuzz.service.plan import Plan
from experiments.fuzz.service.process import Process
from experiments.fuzz.service.tally import Tally

_SETTLED = 120.0  # seconds after which the memory should not rise
_RISE = 50.0  # MiB
Case = Callable[[random.Random], Plan]


class Memory(NamedTuple):
    """The resident memory of the service, in MiB."""

    before: float
    settled: float
    after: float
    end: float

    def __str__(self) -> str:
        return (
            f'resident memory in MiB: at most {self.before:.0f} in the first {_SETTLED:.0f} s, '
            f'{self.settled:.0f} then, at most {self.after:.0f} later, {self.end:.0f} at the end'
        )


def cases(good: Good) -> Mapping[str, tuple[Case, int]]:
    """Return each case by its name, and how often it is chosen."""
    bad, heavy = Bad(good), Heavy(good)
    often: list[Case] = [good.json, good.csv, good.v2_json, good.v2_binary]
    middle: list[Case] = [
        *(bad.cells, bad.texts, bad.changed, bad.tensors, bad.lengths, bad.paths, bad.coded),
        *(bad.heads, heavy.cut, heavy.several, heavy.slow),
    ]
    seldom: list[Case] = [good.many, heavy.huge, heavy.wide, heavy.too_large, heavy.endless]
    rare: list[Case] = [heavy.stalled]
    return {
        case.__qualname__.lower(): (case, weight)
        for weight, group in ((60, often), (40, middle), (4, seldom), (1, rare))
        for case in group
    }


async def fuzz(
    process: Process, good: Good, tally: Tally, seconds: float, clients: int, seed: int
) -> Memory:
    """Send requests for some time; count them, and return the memory of the service."""
    end = time.monotonic() + seconds
    named = cases(good)
    names, weights = list(named), [weight for _, weight in named.values()]

    async def client(number: int) -> None:
        rng = random.Random(f'{seed} {number}')
        while time.monotonic() < end:
            (name,) = rng.choices(names, weights)
            plan = named[name][0](rng)
            tally.add(name, plan, *await ask(process.port, plan))

    watching = asyncio.create_task(_watch(process, end))
    await asyncio.gather(*(client(number) for number in range(clients)))
    memory = await watching
    if max(memory.after - memory.before, memory.end - memory.settled) >= _RISE:
        tally.note(f'memory: {memory}')
    return memory


async def _watch(process: Process, end: float) -> Memory:
    start = time.monotonic()
    before, after = [process.memory()], []
    while time.monotonic() < end:
        await asyncio.sleep(0.5)
        (after if time.monotonic() - start > _SETTLED else before).append(process.memory())
    later = after or before[-1:]
    return Memory(max(before), before[-1], max(later), later[-1])
