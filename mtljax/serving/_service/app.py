"""The service, as an application of Starlette."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import jax
import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mtljax.data import CellError
from mtljax.serving._model import Model
from mtljax.serving._service.batcher import Batcher
from mtljax.serving._service.counters import Counters
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.parse import Asked, parse
from mtljax.serving._service.refusal import RefusedError

_SMALL = 64  # rows that are encoded without another thread
_TEXT = 'text/plain; version=0.0.4; charset=utf-8'


class Service:
    """Answers of one model over HTTP.

    Args:
      model: The model, which reads the rows of a table.
      limits: The limits of the service.

    Raises:
      ValueError: The model does not read a table.
    """

    def __init__(self, model: Model, limits: Limits):
        if model.schema is None:
            raise ValueError('The model should read the rows of a table. Found a model of arrays.')
        self._model, self._limits, self._schema = model, limits, model.schema
        self._columns = [c.name for c in model.schema.inputs if c.kind != 'empty']
        self._counters = Counters()
        self._batcher = Batcher(model.call, limits, self._counters.batches.observe)

    def app(self) -> Starlette:
        """Return the application. It compiles the program when it starts."""
        routes = [
            self._route('/predict', self._predict, 'POST'),
            self._route('/health', self._health, 'GET'),
            self._route('/model', self._manifest, 'GET'),
            self._route('/metrics', self._metrics, 'GET'),
        ]
        handlers: dict[Any, Any] = {HTTPException: _refuse_path, Exception: _fail}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        table = {name: [None] for name in self._columns}
        row = self._schema.encode(table).inputs
        for size in self._limits.sizes:
            batch = jax.tree.map(lambda leaf, n=size: np.repeat(leaf, n, axis=0), row)
            jax.block_until_ready(self._model.call(batch))
        running = asyncio.create_task(self._batcher.run())
        try:
            yield
        finally:
            running.cancel()

    def _route(self, path: str, answer: Callable[[Request], Awaitable[Response]], method: str):
        async def guarded(request: Request) -> Response:
            start = time.perf_counter()
            try:
                response = await answer(request)
            except RefusedError as error:
                response = JSONResponse(error.content, error.status)
            except ClientDisconnect:
                response = Response(status_code=400)
            self._counters.latency.labels(path).observe(time.perf_counter() - start)
            self._counters.requests.labels(path, str(response.status_code)).inc()
            return response

        return Route(path, guarded, methods=[method])

    async def _predict(self, request: Request) -> Response:
        kind = request.headers.get('content-type', '').partition(';')[0].strip().lower()
        asked = parse(await self._body(request), kind, self._columns, self._limits)
        unknown = [name for name in asked.tasks if name not in self._model.tasks]
        if unknown:
            raise RefusedError(
                422,
                f'The tasks should be some of {[*self._model.tasks]}. Found {unknown[:20]!r:.400}.',
            )
        few = asked.rows <= _SMALL
        encoded = self._encoded(asked) if few else await asyncio.to_thread(self._encoded, asked)
        found = await self._batcher.answer(encoded.inputs, asked.rows)
        chosen = {name: found[name] for name in asked.tasks or self._model.tasks}
        self._counters.rows.inc(asked.rows)
        self._counters.unknown.inc(len(encoded.extra))
        content = self._content(chosen) if few else await asyncio.to_thread(self._content, chosen)
        return Response(content, media_type='application/json')

    def _encoded(self, asked: Asked) -> Any:
        try:
            return self._schema.encode(asked.table)
        except CellError as error:
            raise RefusedError(422, str(error), column=error.column, row=error.row) from error
        except ValueError as error:
            raise RefusedError(422, str(error)) from error

    def _content(self, found: Any) -> bytes:
        rows = self._model.rows(found)
        return json.dumps({'predictions': rows}, ensure_ascii=False).encode()

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._limits.body:
                raise RefusedError(
                    413, f'The body should have at most {self._limits.body:,} bytes.'
                )
            parts.append(part)
        return b''.join(parts)

    async def _health(self, _: Request) -> Response:
        return JSONResponse({'ready': True})

    async def _manifest(self, _: Request) -> Response:
        columns = {column.name: column.kind for column in self._schema.inputs}
        return JSONResponse({**self._model.manifest, 'columns': columns})

    async def _metrics(self, _: Request) -> Response:
        self._counters.waiting.set(self._batcher.waiting)
        return Response(self._counters.text(), media_type=_TEXT)


async def _refuse_path(request: Request, error: HTTPException) -> Response:
    return JSONResponse({'error': error.detail}, error.status_code, headers=error.headers)


async def _fail(request: Request, error: Exception) -> Response:
    return JSONResponse({'error': 'The service failed. Its log says why.'}, 500)
