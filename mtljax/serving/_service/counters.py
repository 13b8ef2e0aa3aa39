"""What a service counts, in the format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)


class Counters:
    """The counters of one service."""

    def __init__(self):
        self._registry = CollectorRegistry()
        whole = {'namespace': 'mtljax', 'registry': self._registry}
        self.latency = Histogram(
            'request_seconds', 'Time of a request', ['path'], buckets=_SECONDS, **whole
        )
        self.requests = Counter('requests', 'Requests', ['path', 'status'], **whole)
        self.batches = Histogram('batch_rows', 'Rows of a batch', buckets=_ROWS, **whole)
        self.rows = Counter('rows', 'Answered rows', **whole)
        self.unknown = Counter('unknown_columns', 'Columns that the model does not know', **whole)
        self.unseen = Counter('unknown_categories', 'Cells of unknown categories', **whole)
        self.waiting = Gauge('waiting_rows', 'Rows that wait for an answer', **whole)

    def text(self) -> bytes:
        """Return all counters."""
        return generate_latest(self._registry)
