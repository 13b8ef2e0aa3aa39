"""Serve a model that was written by `mtljax.serving.export`.

python -m mtljax.serving --model=model.zip [--port=8000] [--host=127.0.0.1]
"""

import socket
import sys

from absl import app, flags, logging

from mtljax._extra import check_extra
from mtljax.serving._model import load
from mtljax.serving._service.limits import Limits

_DEFAULT = Limits()
_MODEL = flags.DEFINE_string('model', None, 'The file of the model, from experiments.export.')
_NAME = flags.DEFINE_string('name', 'model', 'The name of the model in paths that begin with /v2.')
_HOST = flags.DEFINE_string('host', '127.0.0.1', 'The address on which the service listens.')
_PORT = flags.DEFINE_integer('port', 8000, 'The port.', lower_bound=0, upper_bound=65535)
_BODY = flags.DEFINE_integer('max_body', _DEFAULT.body, 'The largest body, in bytes.')
_ROWS = flags.DEFINE_integer('max_rows', _DEFAULT.rows, 'The largest number of rows of a request.')
_QUEUE = flags.DEFINE_integer(
    'max_queue', _DEFAULT.queue, 'The largest number of rows of all requests together.'
)
_CONNECTIONS = flags.DEFINE_integer(
    'max_connections', _DEFAULT.connections, 'The largest number of connections.'
)
_SECONDS = flags.DEFINE_float(
    'timeout', _DEFAULT.seconds, 'The longest time of a body, and that of its answer, in seconds.'
)
_WAIT = flags.DEFINE_float('wait', _DEFAULT.wait, 'The longest wait for rows of other requests.')
_DRAIN = flags.DEFINE_float(
    'drain', _DEFAULT.drain, 'The seconds in which requests are accepted after SIGTERM.'
)
_SIZES = flags.DEFINE_multi_integer('size', list(_DEFAULT.sizes), 'A size of a batch.')


def serve() -> None:
    """Serve the model of the flags until SIGTERM or SIGINT; answer accepted requests first."""
    if not flags.FLAGS['verbosity'].present:
        logging.set_verbosity(logging.WARNING)  # jax logs every platform that is not there
    try:
        check_extra('serve', 'uvicorn', 'httptools', 'starlette', 'prometheus_client')
        from mtljax.serving._service.running import run  # needs the extra

        if not _MODEL.value:
            raise ValueError('--model=model.zip is expected: see --help.')
        limits = _limits().check()
        model = load(_MODEL.value)
        with _listen(_HOST.value, _PORT.value) as listening:
            run(model, limits, _NAME.value, listening)
    except (ImportError, OSError, ValueError) as error:
        print(f'Error: {error}', file=sys.stderr)
        sys.exit(2)


def _limits() -> Limits:
    return Limits(
        body=_BODY.value,
        rows=_ROWS.value,
        queue=_QUEUE.value,
        seconds=_SECONDS.value,
        wait=_WAIT.value,
        sizes=tuple(sorted(set(_SIZES.value))),
        connections=_CONNECTIONS.value,
        drain=_DRAIN.value,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise ValueError(
            f'The service should listen at {host}, port {port}. Found an error: '
            f'{error.strerror}. Choose another --port.'
        ) from error
    return listening


if __name__ == '__main__':
    app.run(lambda _: serve())
