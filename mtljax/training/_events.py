"""The log of a run in the format of TensorBoard."""

import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import masked_crc32c

from mtljax.files import append_bytes


class Events:
    """A file of TensorBoard events.

    The events stay in memory until `flush` adds them to the file. tensorboardX writes in a thread,
    where nobody can handle the error of a full disk; this class writes in the thread of its caller.

    Args:
      workdir: The folder of the file.
      first: The first step of the file. TensorBoard hides this step and later ones in older files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     events = Events(Path(folder), 1)
    ...     events.write(1, {'loss/a': 0.5})
    ...     events.flush()
    ...     [path.name[:20] for path in Path(folder).iterdir()]
    ['events.out.tfevents.']
    """

    def __init__(self, workdir: Path, first: int):
        name = (
            f'events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{first}'
        )
        self._path = workdir / name
        self._records: list[bytes] = []
        start = SessionLog(status=SessionLog.START)
        self._add(Event(file_version='brain.Event:2'))
        self._add(Event(step=first, session_log=start))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add the values of a step."""
        parts = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(Event(step=step, summary=Summary(value=parts)))

    def flush(self) -> None:
        """Write all events to the file.

        Raises:
          WriteError: The file cannot be written.
        """
        records, self._records = self._records, []
        append_bytes(self._path, b''.join(records))

    def close(self) -> None:
        """Write all events to the file, as `flush` does."""
        self.flush()

    def _add(self, event: Event) -> None:
        event.wall_time = time.time()
        data = event.SerializeToString()
        size = struct.pack('<Q', len(data))
        sums = [struct.pack('<I', masked_crc32c(part)) for part in (size, data)]
        self._records += [size, sums[0], data, sums[1]]
