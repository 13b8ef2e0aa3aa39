"""A server that runs the service until it is stopped."""

import asyncio
import gc
import signal
import socket
import time

import uvicorn

from mtljax.serving._model import Model
from mtljax.serving._service.app import Service
from mtljax.serving._service.connection import Connection
from mtljax.serving._service.limits import Limits

_READ = 0.2  # seconds in which requests are read that have come before the service stops to listen


class _Server(uvicorn.Server):
    """A server that still accepts requests for a short time after it was stopped.

    In this time, it says that it is not ready, and ends the connections of the clients with their
    next answer. So a proxy can send new requests elsewhere, and no request is cut.
    """

    def __init__(self, config: uvicorn.Config, service: Service, drain: float):
        super().__init__(config)
        self._service, self._drain = service, drain

    async def main_loop(self) -> None:
        await super().main_loop()
        self._service.watch.stopping = True
        end = time.monotonic() + self._drain
        while not self.force_exit and time.monotonic() < end:
            await asyncio.sleep(0.05)
        for server in self.servers:
            server.close()
        await asyncio.sleep(_READ)


def run(model: Model, limits: Limits, name: str, listening: socket.socket) -> None:
    """Serve a model until SIGTERM or SIGINT. All accepted requests are answered.

    Args:
      model: The model.
      limits: The limits of the service.
      name: The name of the model in the Open Inference Protocol.
      listening: A socket that is bound to an address.

    Raises:
      ValueError: The model cannot be served.
    """
    service = Service(model, limits, name)
    config = uvicorn.Config(
        service.watch,
        http=Connection,
        ws='none',
        log_level='error',  # others could fill the log from outside
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=2 * int(limits.seconds) + 2,
        timeout_keep_alive=5,
        backlog=1024,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn drains, and raises the signal again
        signal.signal(number, lambda *_: None)
    host, port = listening.getsockname()[:2]
    service.compile()
    gc.freeze()  # or each full collection walks over all modules, for a fifth of a second
    shown = f'[{host}]' if ':' in host else host
    print(f'{model.tasks}: http://{shown}:{port}', flush=True)
    _Server(config, service, limits.drain).run(sockets=[listening])
    watch = service.watch
    print(f'{watch.accepted} requests were accepted, and {watch.answered} answered.', flush=True)
