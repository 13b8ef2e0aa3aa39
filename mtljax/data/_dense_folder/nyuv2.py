"""Indoor scenes: segmentation, depth and surface normals."""

from pathlib import Path

from mtljax.base import Dataset
from mtljax.data._dense_folder.folder import scene_folder

_KINDS = (('image',), ('label',), ('depth',), ('normal',))
_LAYOUT = '\n'.join(
    f'{part}/{name}/{{0, 1, ...}}.npy'
    for part in ('train', 'val')
    for name in ('image', 'label', 'depth', 'normal')
)
_SOURCE = (
    'NYUv2 in the arrays of MTAN (https://github.com/lorenmt/mtan): 795 and 654 scenes of 288x384.'
)


def nyuv2(path: str | Path, *, validation: float = 0.1, seed: int = 0) -> Dataset:
    """NYUv2: tasks ``'segmentation'``, ``'depth'`` and ``'normal'``; files are read as needed.

    On disk ``ROOT/{train,val}/{image,label,depth,normal}/{0, 1, ...}.npy``: images ``(H, W, 3)``,
    float; labels ``(H, W)`` of 13 classes; depth ``(H, W, 1)``; normals ``(H, W, 3)`` (Silberman et
    al., ECCV 2012; arrays and splits of Liu, Johns & Davison, CVPR 2019,
    https://arxiv.org/abs/1803.10704).

    Inputs ``[B, H, W, 3]`` as in the files. Targets and masks have one entry per pixel:

    - ``'segmentation'`` ``[B, H, W]``: the class; a label below 0 is none.
    - ``'depth'`` ``[B, H, W]``, in the unit of the files; 0 is none, and less is refused.
    - ``'normal'`` ``[B, H, W, 3]``; a vector of zeros is none. The code of the benchmark leaves out
      all whose components add up to 0. Loss and angles are those of directions: the prediction need
      not have length 1.

    The published tables report ``val``, so it is the test split here, and validation is a share of
    ``train``: there is no way to choose models on the test split. ``validation=1 / 795`` holds out
    one scene, to train on all others as for these tables; their augmentation is `augment_scenes`.

    Args:
      path: The folder ROOT.
      validation: The share of ``train`` that is held out.
      seed: The seed of the held-out scenes.

    Raises:
      FileNotFoundError: A folder, or the file of a number, is missing.
      ValueError: An option is out of range, or an array has another type or shape, is cut short, or
        holds impossible values. The error names the file.

    >>> nyuv2('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train/image is missing. Expected:
    train/image/{0, 1, ...}.npy
    ...
    """
    return scene_folder(path, _KINDS, 13, _LAYOUT, _SOURCE, validation=validation, seed=seed)
