"""``POST /predict``: rows as JSON or CSV, and answers as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from mtljax._shown import shown
from mtljax.serving._program import Parts
from mtljax.serving._service import content
from mtljax.serving._service.answering import Answering
from mtljax.serving._service.parse import parse
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.table import Table


class Predict:
    """The path ``/predict`` of a model of a table."""

    def __init__(self, table: Table, answering: Answering):
        self._table, self._answering, self._model = table, answering, answering.model

    async def __call__(self, request: Request) -> Response:
        """Answer the rows of a request."""
        kind = request.headers.get('content-type', '').partition(';')[0].strip().lower()
        async with self._answering.bodies.read(request) as body:
            columns, limits = self._table.columns, self._answering.limits
            asked = await self._answering.parse(body, lambda: parse(body, kind, columns, limits))
            unknown = [name for name in asked.tasks if name not in self._model.tasks]
            if unknown:
                raise RefusedError(
                    422,
                    f'The tasks should be some of {shown([*self._model.tasks])}. '
                    f'Found {shown(unknown)}.',
                )
            self._answering.counters.unknown.inc(len(asked.others - self._table.known))

            def write(found: Parts) -> Response:
                chosen = {name: found[name] for name in asked.tasks or self._model.tasks}
                return content.answer({'predictions': self._model.rows(chosen)})

            return await self._answering.answer(asked.rows, lambda: asked.table, write)
