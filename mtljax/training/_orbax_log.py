"""What orbax logs about a checkpoint that it could not write."""

import gc
import logging

_LOGGERS = ('absl', 'asyncio')


class OrbaxErrors(logging.Filter):
    """Drops the tracebacks that orbax logs, while it is installed.

    Orbax logs an error once for every array and thread, beside raising it. `Checkpoints` raises it
    once, with the path and the size.
    """

    def __init__(self):
        super().__init__()
        self._seen = False

    def install(self) -> None:
        """Begin to drop the tracebacks."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        """Show all records again."""
        if self._seen:
            gc.collect()  # asyncio logs an error when its task is deleted
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is shown."""
        traceback = '/orbax/' in record.pathname and bool(record.exc_info)
        mine = traceback or (record.name == 'asyncio' and 'orbax' in record.getMessage())
        self._seen |= mine
        return not mine
