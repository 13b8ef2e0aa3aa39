"""Streets: segmentation and inverse depth."""

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
    """Cityscapes: tasks ``'segmentation'`` and ``'depth'``; files are read as needed.

    On disk ``ROOT/{train,val}/{image,label,depth}/{0, 1, ...}.npy``, ``label_7`` in the place of
    ``label`` where there is one: images ``(H, W, 3)``, float; labels ``(H, W)`` of 7 classes;
    inverse depth ``(H, W, 1)`` (Cordts et al., CVPR 2016, https://arxiv.org/abs/1604.01685; arrays
    of Liu, Johns & Davison, CVPR 2019, https://arxiv.org/abs/1803.10704).

    Inputs ``[B, H, W, 3]`` as in the files. Targets and masks have one entry per pixel:

    - ``'segmentation'`` ``[B, H, W]``: the class; a label below 0 is none.
    - ``'depth'`` ``[B, H, W]``: the inverse depth in the unit of the files; 0 is none, and less is
      refused.

    Splits are those of `nyuv2`: ``val`` is the test split, validation is a share of ``train``:
    ``1 / 2975`` is one scene.

    Args:
      path: The folder ROOT.
      validation: The share of ``train`` that is held out.
      seed: The seed of the held-out scenes.

    Raises:
      FileNotFoundError: A folder, or the file of a number, is missing.
      ValueError: An option is out of range, or an array has another type or shape, is cut short, or
        holds impossible values. The error names the file.

    >>> cityscapes('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train/image is missing. Expected:
    train/image/{0, 1, ...}.npy
    ...
    """
    return scene_folder(path, _KINDS, 7, _LAYOUT, _SOURCE, validation=validation, seed=seed)
