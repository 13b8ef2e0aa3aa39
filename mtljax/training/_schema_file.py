"""The file ``schema.json`` of a run: how the rows of its table, or its texts, are encoded."""

import json
from pathlib import Path
from typing import Any

from mtljax.base import Dataset
from mtljax.data import Schema, TextSchema
from mtljax.files import local_folder, with_checksum, without_checksum, write_text

_NAME = 'schema.json'


def write_schema(workdir: Path, dataset: Dataset) -> None:
    """Write the schema of a table or a text; do nothing for other data sets."""
    if dataset.schema:
        content = json.dumps(with_checksum(dataset.schema), indent=2, ensure_ascii=False)
        write_text(workdir / _NAME, content + '\n')


def read_schema(workdir: str | Path) -> Schema | TextSchema | None:
    """Read the schema of the table or text that a run was trained on; None if there is no schema.

    Args:
      workdir: The folder of a run of `train`.

    Raises:
      ValueError: The file is damaged, or a newer version of mtljax wrote it.
    """
    path = local_folder(workdir) / _NAME
    try:
        return _schema_of(without_checksum(json.loads(path.read_bytes()), required=True))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f'{path} should hold the schema of the run. {error!s:.400}') from error


def schema_differences(workdir: Path, dataset: Dataset) -> list[str]:
    """Return what differs between the table of a run and that of a data set, in phrases."""
    try:
        there = read_schema(workdir)
    except ValueError:
        return []
    if there is None or not dataset.schema:
        return []
    here = _schema_of(dataset.schema)
    if isinstance(there, Schema) and isinstance(here, Schema):
        return there.differences(here)
    if isinstance(there, TextSchema) and isinstance(here, TextSchema):
        return there.differences(here)
    return ['data of another kind']


def _schema_of(content: Any) -> Schema | TextSchema:
    kind = TextSchema if TextSchema.describes(content) else Schema
    return kind.from_json(content)
