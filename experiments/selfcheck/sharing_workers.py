"""Trainings in separate processes: compilation is cheap there, and a crash costs one training.

A process reads one training per line and answers with one line. Both lines are JSON.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import jax

from experiments.selfcheck.sharing_training import Row, train

COMMAND = (sys.executable, '-m', 'experiments.selfcheck.sharing_workers')
_ROOT = Path(__file__).parents[2]
_SET = {
    'JAX_NUMPY_RANK_PROMOTION': 'raise',
    'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0.1',
    'JAX_PLATFORMS': 'cpu',
    'NPROC': '1',  # the size of the compiler's and the runtime's pools of threads
}


class Outcome(NamedTuple):
    """The result of a training: the largest ratio of a last loss to a first loss, or an error."""

    row: Row
    share: float | None
    error: str = ''


def outcomes(rows: Sequence[Row], jobs: int, command: Sequence[str] = COMMAND) -> Iterator[Outcome]:
    """Train ``rows`` in ``jobs`` processes, and yield outcomes in the order in which they end."""
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()

    def one(row: Row) -> Outcome:
        worker = idle.get()
        try:
            return worker.train(row)
        finally:
            idle.put(worker)

    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(jobs) as pool:
        workers = [_Worker(command, cache) for _ in range(jobs)]
        for worker in workers:
            idle.put(worker)
        try:
            for done in as_completed([pool.submit(one, row) for row in rows]):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.stop()


class _Worker:
    """A process that starts when it is needed, and again after it died."""

    def __init__(self, command: Sequence[str], cache: str):
        self._command, self._environment = command, _environment(cache)
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile('w+')  # noqa: SIM115 - as long as the worker

    def train(self, row: Row) -> Outcome:
        """Hand over one training and wait for its end."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(row) + '\n')
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ''
        if answer:
            return Outcome(row, *json.loads(answer))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)  # it writes its error, unless it hangs
        self._end()
        said = f'the process ended with code {process.returncode}: {self._last_words()}'
        return Outcome(row, None, said)

    def stop(self) -> None:
        """End the process for good."""
        self._end()
        self._errors.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(BrokenPipeError):
                self._process.communicate()
        self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._errors.seek(0)
            self._errors.truncate()
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                self._command,
                cwd=_ROOT,
                env=self._environment,
                stdin=pipe,
                stdout=pipe,
                stderr=self._errors,
                text=True,
            )
        return self._process

    def _last_words(self) -> str:
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ['no message'])[-1]


def _environment(cache: str) -> dict[str, str]:
    """Return environment variables with a cache, so that trainings share compiled programs."""
    flags = f'{os.environ.get("XLA_FLAGS", "")} --xla_backend_optimization_level=0'
    if jax.__version__.startswith('0.10.'):  # the older code generation: compiles twice as fast
        flags += ' --xla_cpu_use_fusion_emitters=false'
    paths = {'JAX_COMPILATION_CACHE_DIR': cache, 'XLA_FLAGS': flags.strip()}
    return {**os.environ, **_SET, **paths}


def main() -> None:
    """Answer each line of the input, until it ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # other prints are not answers
    for line in sys.stdin:
        try:
            answer = (max(train(Row(*json.loads(line))).values()), '')
        except Exception as error:  # any error is one failed training
            answer = (None, f'{type(error).__name__}: {" ".join(str(error).split())[:300]}')
        print(json.dumps(answer), file=answers, flush=True)
        jax.clear_caches()


if __name__ == '__main__':
    main()
