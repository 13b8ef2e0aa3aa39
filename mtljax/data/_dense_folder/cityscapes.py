"""Street scenes with segmentation and inverse depth."""

from pathlib import Path

from mtljax.base import Dataset
from mtljax.data._dense_folder.folder import scene_folder

_KINDS = (('image',), ('label', 'label_7'), ('depth',))
_LAYOUT = '\n'.join(
    f'{part}/{name}/{{0, 1, ...}}.npy'
    for part in ('train', 'val')
    for name in ('image', 'label', 'depth')
)
_SOURCE = (
    'Cityscapes in the arrays of MTAN (https://github.com/lorenmt/mtan): 2,975 and 500 scenes of '
    '128x256; label may be called label_7.'
)


def cityscapes(path: str | Path, *, validation: float = 0.1, seed: int = 0) -> Dataset:
    """Cityscapes: street scenes with the tasks ``'segmentation'`` and ``'depth'``.

    The scenes are from Cordts et al., CVPR 2016, https://arxiv.org/abs/1604.01685, in the form of
    arrays that Liu, Johns & Davison published (CVPR 2019, https://arxiv.org/abs/1803.10704). Files
    are read when they are needed. The folder ROOT holds two folders, ``train`` and ``val``. Each of
    them holds:

    - ``image/{0, 1, ...}.npy``: images ``(H, W, 3)``, float;
    - ``label_7/{0, 1, ...}.npy``, or ``label`` if there is no ``label_7``: class numbers ``(H, W)``
      of 7 classes;
    - ``depth/{0, 1, ...}.npy``: inverse depth ``(H, W, 1)``.

    Inputs are the images ``[B, H, W, 3]``, unchanged. Targets and masks have one entry per pixel:

    - ``'segmentation'`` ``[B, H, W]``: the class. A pixel with a number below 0 is masked.
    - ``'depth'`` ``[B, H, W]``: the inverse depth, in the unit of the files. A pixel with the value
      0 is masked. A value below 0 is an error.

    The test split is ``val``, because published results are reported on it. The validation split is
    a random share of ``train``. With ``validation=1 / 2975``, all scenes of ``train`` except one
    are used for training.

    Args:
      path: The folder ROOT.
      validation: The share of ``train`` for the validation split.
      seed: The random seed that chooses the validation scenes.

    Raises:
      FileNotFoundError: A folder is missing, or one of the numbered files is missing.
      ValueError: An option is out of range, or an array has the wrong type or shape, is incomplete,
        or holds impossible values. The error names the file.

    >>> cityscapes('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train/image is missing. Expected:
    train/image/{0, 1, ...}.npy
    ...
    """
    return scene_folder(path, _KINDS, 7, _LAYOUT, _SOURCE, validation=validation, seed=seed)
