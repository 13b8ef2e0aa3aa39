"""A client that sends bytes as they are, and reads the answers."""

import asyncio
import contextlib
from typing import NamedTuple

from experiments.fuzz.service.plan import STATUSES, Plan

_LARGEST = 1 << 26


class Answer(NamedTuple):
    """An answer of the service, and whether it ends the connection."""

    status: int
    body: bytes
    last: bool


async def ask(port: int, plan: Plan) -> tuple[list[int], str]:
    """Send a request on a connection of its own.

    Returns:
      The statuses of its answers; and what is wrong, or ``''``.
    """
    try:
        reader, writer = await asyncio.open_connection('127.0.0.1', port, limit=_LARGEST)
    except OSError as error:
        return [], f'no connection: {error.strerror}'
    sending = asyncio.create_task(_send(writer, plan))
    found: list[int] = []
    try:
        async with asyncio.timeout(plan.wait):
            for _ in range(plan.answers):
                answer = await read(reader, head=plan.parts[0].startswith(b'HEAD '))
                found.append(answer.status)
                wrong = _fault(plan, answer)
                if wrong:
                    return found, wrong
    except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        if plan.needed:
            return found, f'no answer: {type(error).__name__}'
    except ValueError as error:
        return found, f'no answer of HTTP: {error}'
    finally:
        sending.cancel()
        writer.transport.abort()
    return found, ''


async def _send(writer: asyncio.StreamWriter, plan: Plan) -> None:
    with contextlib.suppress(OSError):  # the service may answer and leave before the last part
        for part in plan.parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(plan.pause)


async def read(reader: asyncio.StreamReader, *, head: bool = False) -> Answer:
    """Read an answer.

    Args:
      reader: The connection.
      head: Whether the answer has no body, as that to HEAD.

    Raises:
      ValueError: This is no answer of HTTP.
      IncompleteReadError: The answer is cut.
    """
    status, headers = 100, dict[str, str]()
    while status < 200:
        start = (await reader.readuntil(b'\r\n\r\n')).decode('latin-1')
        line, *lines = start.rstrip().split('\r\n')
        version, code, *_ = line.split(' ')
        if not version.startswith('HTTP/1.'):
            raise ValueError(line[:80])
        status, headers = int(code), dict(each.lower().split(': ', 1) for each in lines)
    last = headers.get('connection') == 'close'
    if head:
        return Answer(status, b'', last)
    if 'content-length' in headers:
        return Answer(status, await reader.readexactly(int(headers['content-length'])), last)
    if not last:
        raise ValueError(f'no length: {headers}')
    return Answer(status, await reader.read(), last)


def _fault(plan: Plan, answer: Answer) -> str:
    if answer.status not in STATUSES:
        return f'status {answer.status}'
    if answer.status not in (*plan.statuses, 503):
        return f'status {answer.status} in place of {plan.statuses}'
    if answer.status == 200 and plan.check is not None:
        try:
            plan.check(answer.body)
        except (ValueError, KeyError, TypeError) as error:
            return f'another answer: {error!s:.300}'
    return ''
