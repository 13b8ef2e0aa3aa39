"""Requests that are huge, slow, or left in the middle."""

import random

from experiments.fuzz.service.good import Good
from experiments.fuzz.service.plan import Plan, predict, request

_BODY = 16 << 20  # the largest that the service reads
_HUGE = (
    (b'{},', 'application/json'),
    (b'[],', 'application/json'),
    (b'1,', 'application/json'),
    (b'"",', 'application/json'),
    (b'[', 'application/json'),
    (b'{"a":1},', 'application/json'),
    (b'\n', 'text/csv'),
    (b',', 'text/csv'),
    (b'a\n', 'text/csv'),
    (b'"', 'text/csv'),
    (b'\x00', 'application/json'),
)


class Heavy:
    """Makes requests that need time or memory."""

    def __init__(self, good: Good):
        self._good = good

    def huge(self, rng: random.Random) -> Plan:
        """A body of nearly the largest size, of one short part that is repeated."""
        part, kind = rng.choice(_HUGE)
        body = part * (rng.randint(_BODY // 4, _BODY - 4) // len(part))
        if kind == 'application/json' and part[-1:] == b',':
            body = b'[' + body[:-1] + b']'
        return Plan([predict(body, kind)], statuses=(400, 413, 422))

    def wide(self, rng: random.Random) -> Plan:
        """Rows with many columns of their own."""
        count = rng.randint(100, 400)
        rows = [','.join(f'"{at}-{n}":0' for n in range(count)) for at in range(2000)]
        body = '[{' + '},{'.join(rows) + '}]'
        return Plan([predict(body.encode())], statuses=(422,))

    def too_large(self, rng: random.Random) -> Plan:
        """A body that is too large, in parts."""
        head = request('/predict', length=1 << 34)
        return Plan([head, *[b' ' * (1 << 20)] * rng.choice([1, 20])], statuses=(413,))

    def endless(self, rng: random.Random) -> Plan:
        """A body in chunks that does not end before it is too large."""
        head = b'POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
        chunk = b'100000\r\n' + b' ' * (1 << 20) + b'\r\n'
        return Plan([head, *[chunk] * rng.randint(17, 40)], statuses=(413,))

    def slow(self, rng: random.Random) -> Plan:
        """A good request that arrives in parts."""
        plan = self._good.json(rng)
        sent = plan.parts[0]
        size = len(sent) // rng.randint(2, 9) + 1
        parts = [sent[at : at + size] for at in range(0, len(sent), size)]
        return plan._replace(parts=parts, pause=rng.choice([0.01, 0.2]))

    def stalled(self, rng: random.Random) -> Plan:
        """A request whose last byte does not arrive."""
        return Plan([self._good.json(rng).parts[0][:-1]], statuses=(400,))

    def cut(self, rng: random.Random) -> Plan:
        """A request that is left in the middle, or before its answer."""
        plan = rng.choice([self._good.many, self._good.csv, self._good.v2_binary])(rng)
        sent = plan.parts[0]
        return Plan(
            [sent[: rng.choice([rng.randrange(1, len(sent)), len(sent)])]], wait=0, needed=False
        )

    def several(self, rng: random.Random) -> Plan:
        """Several requests, sent without waiting for an answer."""
        plan, count = self._good.v2_json(rng), rng.randint(2, 6)
        return plan._replace(parts=list(plan.parts) * count, answers=count)
