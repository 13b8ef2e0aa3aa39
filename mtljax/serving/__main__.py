"""Serve a model that was written by `mtljax.serving.export`.

python -m mtljax.serving --model=model.zip [--port=8000] [--host=127.0.0.1]
"""

import signal
import socket
import sys

from absl import app, flags

from mtljax._extra import check_extra
from mtljax.serving._model import load
from mtljax.serving._service.limits import Limits

_DEFAULT = Limits()
_MODEL = flags.DEFINE_string('model', None, 'The file of the model, from experiments.export.')
_HOST = flags.DEFINE_string('host', '127.0.0.1', 'The address on which the service listens.')
_PORT = flags.DEFINE_integer('port', 8000, 'The port.', lower_bound=0, upper_bound=65535)
_BODY = flags.DEFINE_integer('max_body', _DEFAULT.body, 'The largest body, in bytes.')
_ROWS = flags.DEFINE_integer('max_rows', _DEFAULT.rows, 'The largest number of rows of a request.')
_QUEUE = flags.DEFINE_integer('max_queue', _DEFAULT.queue, 'The largest number of waiting rows.')
_SECONDS = flags.DEFINE_float('timeout', _DEFAULT.seconds, 'The longest time of a request.')
_WAIT = flags.DEFINE_float('wait', _DEFAULT.wait, 'The longest wait for rows of other requests.')
_SIZES = flags.DEFINE_multi_integer('size', list(_DEFAULT.sizes), 'A size of a batch.')


def serve() -> None:
    """Serve the model of the flags until SIGTERM or SIGINT; answer accepted requests first."""
    try:
        check_extra('serve', 'uvicorn', 'starlette', 'prometheus_client')
        if not _MODEL.value:
            raise ValueError('--model=model.zip is expected: see --help.')
        limits = Limits(
            _BODY.value,
            _ROWS.value,
            _QUEUE.value,
            _SECONDS.value,
            _WAIT.value,
            tuple(sorted(set(_SIZES.value))),
        ).check()
        model = load(_MODEL.value)
        listening = _listen(_HOST.value, _PORT.value)
        _run(model, limits, listening)
    except (ImportError, OSError, ValueError) as error:
        print(f'Error: {error}', file=sys.stderr)
        sys.exit(2)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ValueError(
            f'The service should listen at {host}, port {port}. Found an error: '
            f'{error.strerror}. Choose another --port.'
        ) from error
    return listening


def _run(model, limits, listening) -> None:
    import uvicorn  # an extra

    from mtljax.serving._service.app import Service

    app = Service(model, limits).app()
    config = uvicorn.Config(
        app,
        log_level='warning',
        timeout_graceful_shutdown=int(limits.seconds) + 1,
        timeout_keep_alive=5,
        h11_max_incomplete_event_size=1 << 16,
        backlog=1024,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn drains, and raises the signal again
        signal.signal(number, lambda *_: None)
    host, port = listening.getsockname()[:2]
    print(f'{model.tasks}: http://{host}:{port}', flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == '__main__':
    app.run(lambda _: serve())
