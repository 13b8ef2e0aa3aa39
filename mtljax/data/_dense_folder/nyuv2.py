"""Indoor scenes with segmentation, depth and surface normals."""

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
    """NYUv2: indoor scenes with the tasks ``'segmentation'``, ``'depth'`` and ``'normal'``.

    The scenes are from Silberman et al., ECCV 2012, in the form of arrays that Liu, Johns & Davison
    published (CVPR 2019, https://arxiv.org/abs/1803.10704), with their splits. Files are read when
    they are needed. The folder ROOT holds two folders, ``train`` and ``val``. Each of them holds:

    - ``image/{0, 1, ...}.npy``: images ``(H, W, 3)``, float;
    - ``label/{0, 1, ...}.npy``: class numbers ``(H, W)`` of 13 classes;
    - ``depth/{0, 1, ...}.npy``: depth ``(H, W, 1)``;
    - ``normal/{0, 1, ...}.npy``: surface normals ``(H, W, 3)``.

    Inputs are the images ``[B, H, W, 3]``, unchanged. Targets and masks have one entry per pixel:

    - ``'segmentation'`` ``[B, H, W]``: the class. A pixel with a number below 0 is masked.
    - ``'depth'`` ``[B, H, W]``: the depth, in the unit of the files. A pixel with the value 0 is
      masked. A value below 0 is an error.
    - ``'normal'`` ``[B, H, W, 3]``: the surface normal. A pixel with three zeros is masked. The
      code of Liu, Johns & Davison is different here: it masks each pixel whose three components add
      up to 0. Loss and metrics use only the direction of a prediction, not its length.

    The test split is ``val``, because published results are reported on it. The validation split is
    a random share of ``train``, so that no model has to be chosen on the test split. To compare
    with published results, use ``validation=1 / 795``, so that all scenes of ``train`` except one
    are used for training. Published results also use the augmentation `augment_scenes`.

    Args:
      path: The folder ROOT.
      validation: The share of ``train`` for the validation split.
      seed: The random seed that chooses the validation scenes.

    Raises:
      FileNotFoundError: A folder is missing, or one of the numbered files is missing.
      ValueError: An option is out of range, or an array has the wrong type or shape, is incomplete,
        or holds impossible values. The error names the file.

    >>> nyuv2('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train/image is missing. Expected:
    train/image/{0, 1, ...}.npy
    ...
    """
    return scene_folder(path, _KINDS, 13, _LAYOUT, _SOURCE, validation=validation, seed=seed)
