"""The paths of the Open Inference Protocol."""

import re
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from mtljax._shown import shown
from mtljax.serving._program import Parts
from mtljax.serving._service.answering import Answering
from mtljax.serving._service.content import answer
from mtljax.serving._service.refusal import RefusedError
from mtljax.serving._service.v2.inputs import Inputs
from mtljax.serving._service.v2.request import Infer, read_request
from mtljax.serving._service.v2.response import HEADER, respond
from mtljax.serving._service.v2.signature import Output, outputs_of

_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}')
_VERSION = '1'
Endpoint = Callable[[Request], Awaitable[Response]]


class Protocol:
    """The Open Inference Protocol for one model.

    Args:
      name: The name of the model in its paths.
      inputs: What the model reads.
      answering: What answers.
      known: The names of tensors that are ignored without being counted.

    Raises:
      ValueError: The name has other characters than letters, digits, ``_``, ``.`` and ``-``. Or two
        outputs of the model have one name.
    """

    def __init__(
        self, name: str, inputs: Inputs, answering: Answering, known: frozenset[str] = frozenset()
    ):
        if not _NAME.fullmatch(name):
            raise ValueError(
                'name should have 1 to 100 letters, digits, and the characters _ . -, and begin '
                f'with none of the last two. Found name = {name!r:.200}.'
            )
        self._name, self._inputs, self._known = name, inputs, known
        self._answering, self._outputs = answering, outputs_of(answering.model)

    def paths(self) -> list[tuple[str, Endpoint, str]]:
        """Return each path, what answers it, and its method. A version in a path should be 1."""
        found: list[tuple[str, Endpoint, str]] = [('/v2', self._server, 'GET')]
        for start in ('/v2/models/{name}', '/v2/models/{name}/versions/{version}'):
            found += [
                (start, self._metadata, 'GET'),
                (f'{start}/ready', self._ready, 'GET'),
                (f'{start}/infer', self._infer, 'POST'),
            ]
        return found

    async def _server(self, _: Request) -> Response:
        about = {'name': 'mtljax', 'version': version('mtljax')}
        return answer({**about, 'extensions': ['binary_tensor_data']})

    async def _metadata(self, request: Request) -> Response:
        self._check_name(request)
        return answer(
            {
                'name': self._name,
                'versions': [_VERSION],
                'platform': 'jax_export',
                'inputs': [tensor.describe() for tensor in self._inputs.tensors],
                'outputs': [output.tensor.describe() for output in self._outputs.values()],
            }
        )

    async def _ready(self, request: Request) -> Response:
        self._check_name(request)
        return answer({'name': self._name, 'ready': True})

    async def _infer(self, request: Request) -> Response:
        self._check_name(request)
        async with self._answering.bodies.read(request) as body:
            length, limits = request.headers.get(HEADER), self._answering.limits
            asked = await self._answering.parse(body, lambda: read_request(body, length, limits))
            wanted, rows = self._wanted(asked), self._rows(asked)
            about = {'model_name': self._name, 'model_version': _VERSION}
            if asked.id is not None:
                about['id'] = asked.id

            def write(found: Parts) -> Response:
                return respond(about, wanted, found)

            given = {tensor.name: asked.inputs[tensor.name] for tensor in self._inputs.tensors}
            given = {tensor.name: asked.inputs[tensor.name] for tensor in self._inputs.tensors}
            return await self._answering.answer(rows, lambda: self._inputs.read(given), write)

    def _check_name(self, request: Request) -> None:
        names = request.path_params['name'], request.path_params.get('version', _VERSION)
        if names != (self._name, _VERSION):
            raise RefusedError(
                404,
                f'The model should be {self._name} and its version {_VERSION}. '
                f'Found {shown(names)}.',
            )

    def _wanted(self, asked: Infer) -> list[tuple[Output, bool]]:
        if asked.outputs is None:
            return [(output, asked.binary) for output in self._outputs.values()]
        unknown = [each.name for each in asked.outputs if each.name not in self._outputs]
        if unknown:
            raise RefusedError(
                422,
                f'The outputs should be some of {shown([*self._outputs])}. Found {shown(unknown)}.',
            )
        return [(self._outputs[name], binary) for name, binary in asked.outputs]

    def _rows(self, asked: Infer) -> int:
        names = [tensor.name for tensor in self._inputs.tensors]
        for name in names:
            if name not in asked.inputs:
                raise RefusedError(422, f'Input {shown(name)} is missing.', column=name)
        counts = {name: len(asked.inputs[name]) for name in names}
        if len(set(counts.values())) > 1:
            raise RefusedError(
                422, f'The inputs should have one number of rows. Found {shown(counts)}.'
            )
        self._answering.counters.unknown.inc(len(asked.inputs.keys() - set(names) - self._known))
        return counts[names[0]]
