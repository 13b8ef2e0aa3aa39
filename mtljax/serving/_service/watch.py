"""What is counted of every request, whatever its path."""

from typing import Any

from starlette.datastructures import MutableHeaders


class Watch:
    """Counts the requests of an application, and ends its connections before it stops.

    Attributes:
      accepted: The number of requests that have begun.
      answered: The number of requests whose answer was sent as a whole.
      stopping: Whether the service will stop. If so, each answer says that its connection ends, so
        that the client sends its next request elsewhere.
    """

    def __init__(self, app: Any):
        self._app = app
        self.accepted = self.answered = 0
        self.stopping = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope['type'] != 'http':
            return await self._app(scope, receive, send)
        self.accepted += 1

        async def watched(message: Any) -> None:
            if message['type'] == 'http.response.start':
                headers = MutableHeaders(scope=message)
                headers['X-Content-Type-Options'] = 'nosniff'
                if self.stopping:
                    headers['Connection'] = 'close'
            await send(message)
            if message['type'] == 'http.response.body' and not message.get('more_body'):
                self.answered += 1

        return await self._app(scope, receive, watched)
