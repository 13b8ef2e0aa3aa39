"""Check a training that is stopped at many moments: it must end as if it were never stopped."""

import collections
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

from experiments.program import console
from experiments.selfcheck import children, digits
from experiments.selfcheck.children import Moment
from experiments.selfcheck.errors import CheckError
from experiments.selfcheck.moments import PLACES

_MANY = 9
_LONGEST = 2.0  # seconds after the first row of the log


def check(steps: int, kills: int, rng: random.Random) -> None:
    """Compare trainings that are stopped several times with one that is not.

    Args:
      steps: The number of training steps; there is a checkpoint every 40 steps.
      kills: The number of stops, by SIGKILL, SIGTERM or SIGINT.
      rng: The generator of the moments.

    Raises:
      CheckError: The end differs, a training fails, or a signal does not stop it as it should.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = _whole(folder, steps)
        tally: collections.Counter[str] = collections.Counter()
        finished = 0
        while tally.total() < kills:
            finished += 1
            broken = folder / f'broken-{finished}'
            while tally.total() < kills:
                moment = _drawn(counts, rng)
                if not _stopped(broken, steps, moment, rng):
                    break
                tally[f'{moment.place} {moment.act}'] += 1
            children.finish('train', digits.flags_of(broken, steps))
            digits.check_same(folder / 'whole', broken)
            console.print(f'{tally.total()} stops: {finished} trainings ended with the same bits')
    for kind, count in sorted(tally.items()):
        console.print(f'{kind}: {count}')


def _whole(folder: Path, steps: int) -> dict[str, int]:
    """Train without a stop; return how often each place is reached."""
    flags = digits.flags_of(folder / 'whole', steps)
    counts = folder / 'counts.json'
    ended = children.run('train', flags, Moment('count', counts, '-'))
    if ended.code:
        raise CheckError(f'The training ended with code {ended.code}: {ended.said[-2000:]}')
    found = json.loads(counts.read_text())
    return {place: found[place] for place in PLACES if place in found}


def _drawn(counts: dict[str, int], rng: random.Random) -> Moment:
    """Draw a moment. If there are many, it is an early one, so that trainings are stopped often."""
    place = rng.choice([*counts, children.RANDOM])
    count = counts.get(place, 1)
    latest = count // 3 if count > _MANY else count
    return Moment(place, rng.randint(1, latest), rng.choice(children.ACTS))


def _stopped(workdir: Path, steps: int, moment: Moment, rng: random.Random) -> bool:
    """Train until the moment comes, and return whether it came."""

    def ready(process: subprocess.Popen) -> None:
        _wait_for_rows(process, workdir)
        time.sleep(rng.uniform(0, _LONGEST))

    return children.stop('train', digits.flags_of(workdir, steps), moment, ready)


def _wait_for_rows(process: subprocess.Popen, workdir: Path) -> None:
    log = workdir / 'metrics.jsonl'
    before = log.stat().st_size if log.exists() else 0
    while process.poll() is None and not (log.exists() and log.stat().st_size != before):
        time.sleep(0.001)
