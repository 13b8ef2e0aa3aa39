"""All formats, by their names."""

from experiments.fuzz.formats import (
    archives,
    arrays,
    arrow,
    checkpoints,
    configs,
    images,
    logs,
    mat,
    models,
    tables,
    torch_file,
)
from experiments.fuzz.harness import Harness

_MADE = (
    tables.csv(),
    tables.arff(),
    arrays.idx(),
    arrays.npy(),
    images.image(),
    mat.mat(),
    torch_file.pth(),
    archives.zips(),
    archives.deb(),
    tables.text(),
    configs.config(),
    configs.convert(),
    logs.log(),
    checkpoints.checkpoint(),
    models.schema(),
    models.model(),
    models.npz(),
    arrow.parquet(),
    arrow.ipc(),
)
HARNESSES: dict[str, Harness] = {harness.name: harness for harness in _MADE}
