"""The service, as an application of Starlette."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

import jax
import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mtljax.serving._model import Model
from mtljax.serving._service.answering import Answering
from mtljax.serving._service.content import answer, finite, json_bytes
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.page import describe, page
from mtljax.serving._service.predict import Predict
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.table import Table
from mtljax.serving._service.v2.inputs import Arrays, Columns, Inputs
from mtljax.serving._service.v2.protocol import Endpoint, Protocol
from mtljax.serving._service.watch import Watch

_TEXT = 'text/plain; version=0.0.4; charset=utf-8'


class Service:
    """Answers of one model over HTTP.

    Args:
      model: The model. If it reads no table, it answers by the Open Inference Protocol only.
      limits: The limits of the service.
      name: The name of the model in the Open Inference Protocol.

    Raises:
      ValueError: The name has characters that it should not have, or the types of the model are
        unknown to the protocol.
    """

    def __init__(self, model: Model, limits: Limits, name: str = 'model'):
        self._counters = Counters()
        self._table = (
            None if model.schema is None else Table(model.schema, self._counters.unseen.inc)
        )
        self._inputs: Inputs = Arrays(model) if self._table is None else Columns(self._table)
        self._answering = Answering(model, self._inputs.encode, limits, self._counters)
        known = frozenset[str]() if self._table is None else self._table.known
        self._protocol = Protocol(name, self._inputs, self._answering, known)
        columns = describe(() if self._table is None else self._table.inputs)
        self._about = json_bytes(finite({**model.manifest, 'name': name, 'columns': columns}))
        self._page = page()
        self.watch = Watch(self._app())

    def compile(self) -> None:
        """Compile the program for each size of a batch."""
        row = self._inputs.example()
        for size in self._answering.limits.sizes:
            batch = jax.tree.map(lambda leaf, n=size: np.repeat(leaf, n, axis=0), row)
            jax.block_until_ready(self._answering.model.call(batch))

    def _app(self) -> Starlette:
        predict = self._no_table if self._table is None else Predict(self._table, self._answering)
        paths = [
            ('/', self._form, 'GET'),
            ('/predict', predict, 'POST'),
            ('/health', self._health, 'GET'),
            ('/model', self._manifest, 'GET'),
            ('/metrics', self._metrics, 'GET'),
            ('/v2/health/live', self._live, 'GET'),
            ('/v2/health/ready', self._health, 'GET'),
            *self._protocol.paths(),
        ]
        routes = [self._route(*path) for path in paths]
        handlers: dict[Any, Any] = {HTTPException: _refuse_path, Exception: _fail}
        app = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        running = asyncio.create_task(self._answering.run())
        try:
            yield
        finally:
            running.cancel()

    def _route(self, path: str, endpoint: Endpoint, method: str) -> Route:
        async def guarded(request: Request) -> Response:
            start = time.perf_counter()
            try:
                response = await endpoint(request)
            except RefusedError as error:
                response = answer(error.content, error.status)
            except ClientDisconnect:
                response = Response(status_code=400)
            self._counters.latency.labels(path).observe(time.perf_counter() - start)
            self._counters.requests.labels(path, str(response.status_code)).inc()
            return response

        return Route(path, guarded, methods=[method])

    async def _form(self, _: Request) -> Response:
        return self._page

    async def _no_table(self, _: Request) -> Response:
        raise RefusedError(404, 'The model reads arrays, not rows. Use POST /v2/models/NAME/infer.')

    async def _live(self, _: Request) -> Response:
        return answer({'live': True})

    async def _health(self, _: Request) -> Response:
        ready = not self.watch.stopping
        return answer({'ready': ready}, 200 if ready else 503)

    async def _manifest(self, _: Request) -> Response:
        return Response(self._about, media_type='application/json')

    async def _metrics(self, _: Request) -> Response:
        self._counters.waiting.set(self._answering.waiting)
        return Response(self._counters.text(), media_type=_TEXT)


async def _refuse_path(request: Request, error: HTTPException) -> Response:
    response = answer({'error': error.detail}, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _fail(request: Request, error: Exception) -> Response:
    return answer({'error': 'The service failed. Its log says why.'}, 500)
