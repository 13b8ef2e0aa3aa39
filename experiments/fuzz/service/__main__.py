"""Send good, bad and huge requests to the service, and stop it under load.

python -m experiments.fuzz.service [--seconds=60] [--seed=N] [--clients=8]

The program starts the service with a small model on this machine, and sends requests: rows as
JSON, as CSV, and by the Open Inference Protocol; rows with cells that do not fit; bodies, tensors,
lengths and heads with faults; huge, slow and compressed bodies; and connections that are cut. These
are findings:

- an answer other than 200, 400, 404, 405, 413, 415, 422 and 503, or another one than the request
  should get, or none;
- a prediction that differs from that of the model: a bad row has spoilt the rows of others;
- something in the log of the service, such as a traceback;
- resident memory that rises by 50 MiB or more after the first two minutes;
- a request that the service accepted, and did not answer as a whole after SIGTERM.

The program prints what each kind of request got, and a line for each finding. The exit code is 1 if
there is a finding.
"""

import asyncio
import random
import sys
import tempfile
from pathlib import Path

from absl import flags

from experiments import program
from experiments.fuzz.service.drain import stop
from experiments.fuzz.service.good import Good
from experiments.fuzz.service.load import fuzz
from experiments.fuzz.service.model import write_model
from experiments.fuzz.service.process import Process
from experiments.fuzz.service.tally import Tally

_SECONDS = flags.DEFINE_float('seconds', 60, 'The time for requests of all kinds.', lower_bound=0)
_CLIENTS = flags.DEFINE_integer('clients', 8, 'The clients at one time.', lower_bound=1)
_SEED = flags.DEFINE_integer('seed', None, 'The seed. The default is random, and is printed.')


def main() -> None:
    """Run the program."""
    seed = random.randrange(1 << 16) if _SEED.value is None else _SEED.value
    print(f'seed {seed}', flush=True)
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        path, known = write_model(Path(name))
        good = Good(known)
        _fuzz(Process(path, '--timeout=10'), good, tally, seed)
        _stop(Process(path), good, tally, seed)
    print(*[f'finding: {finding}' for finding in tally.findings], sep='\n', flush=True)
    print(f'{len(tally.findings)} findings')
    if tally.findings:
        sys.exit(1)


def _fuzz(process: Process, good: Good, tally: Tally, seed: int) -> None:
    try:
        memory = asyncio.run(fuzz(process, good, tally, _SECONDS.value, _CLIENTS.value, seed))
        print(*tally.lines(), memory, sep='\n', flush=True)
        process.terminate()
        accepted, answered = process.counts()
        print(f'{accepted} requests accepted, {answered} answered', flush=True)
        if accepted != answered:
            tally.note(f'{accepted - answered} accepted requests were not answered')
    except ValueError as error:
        tally.note(str(error))
    finally:
        process.kill()


def _stop(process: Process, good: Good, tally: Tally, seed: int) -> None:
    try:
        ends = asyncio.run(stop(process, good, seed))
        accepted, answered = process.counts()
        print(f'stopped under load: {accepted} accepted, {answered} answered, {dict(ends)} seen')
        if not accepted == answered == ends['answered'] or ends.keys() - {'answered', 'left'}:
            tally.note('SIGTERM lost a request')
    except ValueError as error:
        tally.note(str(error))
    finally:
        process.kill()


if __name__ == '__main__':
    program.run(main)
