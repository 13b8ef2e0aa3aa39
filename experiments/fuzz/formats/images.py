"""Images: JPEG and PNG, and files of other formats in their place."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from matplotlib.image import imsave

from experiments.fuzz.containers import edit_png
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError
from mtljax.data._reading.image_file import read_image

_SIZE = 8
_PNG = b'\x89PNG\r\n\x1a\n'


def image() -> Harness:
    """Return the harness of the reader of images."""
    chunks = (b'IHDR', b'PLTE', b'IDAT', b'tRNS', b'iCCP', b'zTXt', b'iTXt', b'eXIf', b'acTL')
    markers = (b'\xff\xd8', b'\xff\xc0', b'\xff\xc2', b'\xff\xda', b'\xff\xd9', b'\xff\xe0')
    more = (b'Exif', b'MM\0*', b'II*\0')
    return Harness('image', _files, _read, (*chunks, *markers, *more), edit_png)


def _files() -> Material:
    pixels = (np.arange(300).reshape(10, 10, 3) * 7 % 256).astype(np.uint8)
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    seeds = {
        'colour.png': _png(10, 10, 8, 2, rows),
        'palette.png': _png(10, 10, 8, 3, _filtered(pixels[..., 0] % 2), PLTE=b'123456', tRNS=b'8'),
        'deep.png': _png(5, 10, 16, 0, _filtered(pixels[..., 0])),
        'alpha.png': _png(10, 4, 8, 6, _filtered(pixels[:4].reshape(4, 30).repeat(2, 1)[:, :40])),
        'photo.jpg': _jpeg(pixels),
        'progressive.jpg': _jpeg(pixels, progressive=True),
    }
    text = zlib.compress(b'a' * 20_000_000)
    hostile = [
        ('colour.png', _png(30_000, 30_000, 8, 2, rows)),
        ('colour.png', _png(13_000, 7_000, 8, 2, rows)),
        ('colour.png', _png(2**31 - 1, 2**31 - 1, 1, 0, rows)),
        ('colour.png', _png(0, 0, 8, 2, rows)),
        ('colour.png', _png(10, 10, 8, 2, rows, zTXt=b'a\0\0' + text)),
        ('colour.png', _png(10, 10, 8, 2, rows, iCCP=b'a\0\0' + text)),
        ('colour.png', _png(10, 10, 8, 2, b'\0' * 20_000_000)),
        ('photo.jpg', _resized(seeds['photo.jpg'], 65_500, 65_500)),
        ('photo.jpg', _resized(seeds['photo.jpg'], 13_000, 13_000)),
        ('photo.jpg', _eps()),
        ('photo.jpg', b'P6 60000 60000 255\n' + b'0' * 300),
        ('photo.jpg', b'GIF89a' + struct.pack('<HHBBB', 65535, 65535, 0, 0, 0) + b';'),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read(folder: Path, name: str) -> None:
    array = read_image(folder / name, _SIZE)
    if array.shape != (_SIZE, _SIZE, 3) or not ((array >= 0) & (array <= 1)).all():
        raise WrongValueError(f'The pixels have the shape {array.shape}, or are not in 0..1.')


def _filtered(rows: np.ndarray) -> bytes:
    return b''.join(b'\0' + row.tobytes() for row in rows)


def _png(width: int, height: int, bits: int, kind: int, rows: bytes, **chunks: bytes) -> bytes:
    header = struct.pack('>IIBBBBB', width, height, bits, kind, 0, 0, 0)
    parts = {'IHDR': header, **chunks, 'IDAT': zlib.compress(rows), 'IEND': b''}
    return _PNG + b''.join(_chunk(name.encode(), content) for name, content in parts.items())


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack('>I', zlib.crc32(name + content))
    return struct.pack('>I', len(content)) + name + content + checksum


def _jpeg(pixels: np.ndarray, **options: bool) -> bytes:
    file = io.BytesIO()
    imsave(file, pixels, format='jpeg', pil_kwargs=options)
    return file.getvalue()


def _resized(content: bytes, width: int, height: int) -> bytes:
    """Write another size into the header of a JPEG."""
    place = content.index(b'\xff\xc0') + 5
    return content[:place] + struct.pack('>HH', height, width) + content[place + 4 :]


def _eps() -> bytes:
    """Return a program for Ghostscript, which an image reader may start."""
    return b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n'
