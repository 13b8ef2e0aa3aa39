"""Runs on disks that are full, or that cannot be written."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.program import console
from experiments.selfcheck import children, compare, corruptions, digits
from experiments.selfcheck.children import Moment
from experiments.selfcheck.errors import CheckError

_PAGE = 4096
_OVERHEAD = 1 << 20  # training wants this much room beside the arrays of a checkpoint
_ROOM = '64m'


def check_full(folder: Path, steps: int, count: int) -> None:
    """Train where the disk becomes full at several places, then make room and train again.

    Args:
      folder: A folder with the run ``whole``.
      steps: The number of training steps.
      count: The number of places.

    Raises:
      CheckError: A message is wrong, or the run does not go on to the same bits.
    """
    whole = sum(path.stat().st_size for path in children.files_of(folder / 'whole'))
    for index in range(count):
        checkpoints = _OVERHEAD + whole * index // count  # full at a checkpoint
        size = _PAGE * (1 + index) if index % 2 else checkpoints  # or before the first one
        with _disk(folder / 'disk', f'{size}') as mounted:
            run = folder / 'disk' / 'run'
            flags = digits.flags_of(run, steps)
            moment = None if mounted else Moment('move', 1 + 2 * index, 'FULL')
            line = children.check_refusal(children.run('train', flags, moment))
            if 'should be written' not in line:
                raise CheckError(f'The message should say what could not be written. Found: {line}')
            if mounted:
                _remount(folder / 'disk', f'size={_ROOM}')
            children.finish('train', flags)
            digits.check_same(folder / 'whole', run)
            how = f'of {size:,} bytes' if mounted else 'that is full'
            console.print(f'a disk {how}: {line}', markup=False)


def check_read_only(folder: Path, steps: int) -> None:
    """Train and compare in folders that cannot be written, and in place of files.

    Raises:
      CheckError: A message is wrong, or a program that only reads fails.
    """
    with _disk(folder / 'disk', _ROOM) as mounted:
        disk = folder / 'disk'
        for name in ('stopped', 'part'):
            shutil.copytree(folder / name, disk / name)
        (disk / 'file').touch()
        _set_writable(disk, mounted, False)
        try:
            for name in ('stopped', 'new', 'file'):
                ended = children.run('train', digits.flags_of(disk / name, steps))
                console.print(f'{name}: {children.check_refusal(ended)}', markup=False)
            for name in ('part', 'new', 'file'):
                ended = children.run('compare', compare.flags_of(disk / name, corruptions.SHORT))
                console.print(f'{name}: {children.check_refusal(ended)}', markup=False)
            children.finish('verify', [f'--workdir={disk / "stopped"}'])
            target = [f'--from={disk / "stopped"}', f'--workdir={folder / "moved"}', '--to=mmoe']
            children.finish('convert', target)
        finally:
            _set_writable(disk, mounted, True)


@contextmanager
def _disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount a small disk; yield False where this is not allowed, and use a plain folder."""
    folder.mkdir()
    command = ['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(['umount', str(folder)], check=True)
        shutil.rmtree(folder)


def _remount(folder: Path, option: str) -> None:
    subprocess.run(['mount', '-o', f'remount,{option}', str(folder)], check=True)


def _set_writable(folder: Path, mounted: bool, writable: bool) -> None:
    if mounted:
        _remount(folder, 'rw' if writable else 'ro')
        return
    for path in (folder, *folder.rglob('*')):
        if path.is_dir():
            os.chmod(path, 0o755 if writable else 0o555)
