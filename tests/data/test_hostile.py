"""Files that ask for too much time or memory, or that are damaged in a header."""

import gzip
import io
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from experiments.data.recipes import File
from experiments.data.unpack import unpack
from experiments.program import UsageError
from mtljax import data
from mtljax._shown import shown
from mtljax.data._dense_folder.files import find_scenes
from mtljax.data._reading import open as opening
from mtljax.data._reading.arff import read_arff
from mtljax.data._reading.image_file import read_image
from mtljax.data._reading.npy import read_npy


@pytest.fixture
def little_memory():
    """At the end, a test should not have needed more than 20 MiB of Python's memory."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 2**20


def wide(kind, width):
    names = [f'c{i}' for i in range(width)]
    if kind == 'csv':
        return ','.join(names) + '\n' + (','.join('1' for _ in names) + '\n') * 3
    return (
        '\n'.join(f'@attribute {name} numeric' for name in names)
        + '\n@data\n'
        + ','.join('1' for _ in names)
    )


def refused_in(kind, path, width):
    path.write_text(wide(kind, width))
    start = time.process_time()
    with pytest.raises(ValueError, match=r'(?s)^.{1,1500}$'):
        if kind == 'csv':
            data.csv(path, ['c0'])
        else:
            data.multi_target(path, targets=['c0', 'missing'])
    return time.process_time() - start


@pytest.mark.parametrize('kind', ['csv', 'arff'])
def test_the_time_for_a_wide_table_grows_with_its_width(tmp_path, kind):
    """Names were compared with all others: eight times the names took 64 times the time."""
    path = tmp_path / f'wide.{kind}'
    small = min(refused_in(kind, path, 2000) for _ in range(3))
    assert refused_in(kind, path, 16_000) < 24 * small + 0.1


@pytest.mark.usefixtures('little_memory')
def test_a_stray_file_with_a_huge_number(tmp_path):
    for kind in ('image', 'depth'):
        (tmp_path / kind).mkdir()
        for number in (0, 1, 3_000_000_000):
            (tmp_path / kind / f'{number}.npy').touch()
    with pytest.raises(FileNotFoundError, match=r'2999999998 are missing: 2.npy, 3.npy'):
        find_scenes(tmp_path, [('image',), ('depth',)], '', '')


def header(text):
    text = text.encode()
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text


@pytest.mark.usefixtures('little_memory')
@pytest.mark.parametrize(
    'content',
    [
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1, -1), }"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': 3, }"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }") + b'x' * 8,
        header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }") + b'x' * 8,
        header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }"),
        header("{'descr': '<f8', 'fortran_order': False, "),
        header('(' * 5000),
        header('\0\xff'),
        b'\x93NUMPY\x09\x00' + b'x' * 100,
        b'\x93NUM',
        b'',
    ],
)
def test_headers_of_arrays(tmp_path, content):
    path = tmp_path / '0.npy'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'^.*0.npy should be a whole .npy file. Found: .{0,300}$'):
        read_npy(path)


@pytest.mark.usefixtures('little_memory')
@pytest.mark.parametrize('reader', ['lines', 'bytes'])
def test_a_gzipped_file_without_an_end(tmp_path, monkeypatch, reader):
    """A thousand times its size is refused; forty times its size is read."""
    monkeypatch.setattr(opening, '_LEAST_BOUND', 2**16)
    path = tmp_path / 'a.csv.gz'
    path.write_bytes(gzip.compress(b'a,b\n' * 2**20))
    read = {
        'lines': lambda: list(opening.read_lines(path)),
        'bytes': lambda: opening.read_bytes(path),
    }
    with pytest.raises(ValueError, match=r'should hold at most .* bytes when it is unzipped'):
        read[reader]()
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(2**17)))
    assert len(opening.read_bytes(path)) == 2**17


def test_long_fields(tmp_path):
    path = tmp_path / 'a.arff'
    path.write_text(f'@attribute a numeric\n@data\n{"1" * 200_000}\n')
    with pytest.raises(ValueError, match=r'a.arff, line 3: field larger than field limit'):
        read_arff(path)
    path.write_text(f'@attribute a {{{"x" * 200_000}}}\n@data\n1\n')
    with pytest.raises(ValueError, match=r'a.arff, line 1: field larger than field limit'):
        read_arff(path)


def png(width, height):
    """A PNG that says it is this large, without its pixels."""
    content = io.BytesIO()
    Image.new('L', (1, 1)).save(content, 'PNG')
    whole = content.getvalue()
    chunk = b'IHDR' + struct.pack('>II', width, height) + whole[24:29]
    return whole[:12] + chunk + struct.pack('>I', zipfile.crc32(chunk)) + whole[33:]


@pytest.mark.usefixtures('little_memory')
@pytest.mark.parametrize('size', [(9000, 9000), (10_000, 10_000), (60_000, 60_000), (2**31, 1)])
@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
def test_images_that_say_they_are_large(tmp_path, size):
    path = tmp_path / 'a.png'
    path.write_bytes(png(*size))
    with pytest.raises(ValueError, match='should be a whole JPEG or PNG of 80,000,000 pixels'):
        read_image(path, 8)


def test_other_kinds_of_images_are_refused(tmp_path):
    """Pillow starts programs for some of them."""
    path = tmp_path / 'a.png'
    Image.new('RGB', (4, 4)).save(path, 'BMP')
    with pytest.raises(ValueError, match='should be a whole JPEG or PNG'):
        read_image(path, 8)


def test_class_numbers_beyond_32_bits(tmp_path):
    (tmp_path / 'a.png').write_bytes(png(1, 1))
    for part in ('train', 'val', 'test'):
        (tmp_path / f'x_{part}.txt').write_text('a.png 4294967297\n')
    with pytest.raises(ValueError, match=r"label from 0 to 99999. Found 'a.png 4294967297'"):
        data.office(tmp_path, domains=('x',))


def test_a_damaged_matlab_file_does_not_end_the_program(tmp_path):
    """Every byte of the file is damaged in turn; SciPy crashed for some."""
    path = tmp_path / 'a.mat'
    cells = np.empty((1, 2), object)
    cells[0, 0] = cells[0, 1] = np.arange(6.0).reshape(3, 2)
    savemat(path, {'X': cells, 'Y': cells})
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(128, len(whole), 4):
        path.write_bytes(whole[:place] + b'\xff\xff\xff\x7f' + whole[place + 4 :])
        with pytest.raises(ValueError, match=r'a.mat'):
            data.multi_target(path)


def archive(path, size=None, encrypted=False):
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('a.txt', b'content')
    content = bytearray(path.read_bytes())
    if encrypted:
        content[6] |= 1
        content[content.index(b'PK\x01\x02') + 8] |= 1
    if size is not None:
        content[8:10] = content[content.index(b'PK\x01\x02') + 10 :][:2] = struct.pack('<H', size)
        content[content.index(b'PK\x01\x02') + 10 : content.index(b'PK\x01\x02') + 12] = (
            struct.pack('<H', size)
        )
    path.write_bytes(content)


@pytest.mark.parametrize('options', [{'encrypted': True}, {'size': 99}])
def test_members_that_cannot_be_unzipped(tmp_path, options):
    """One is encrypted, and one has an unknown kind of compression."""
    path = tmp_path / 'a.whl'
    archive(path, **options)
    with pytest.raises(UsageError, match='should be a package that can be unpacked'):
        unpack(path, [File('a.txt', '0' * 64, 'a.txt')], tmp_path)


@pytest.mark.usefixtures('little_memory')
def test_a_debian_package_with_a_huge_size(tmp_path):
    path = tmp_path / 'a.deb'
    member = b'data.tar'.ljust(48) + b'9999999999' + b'`\n'
    path.write_bytes(b'!<arch>\n' + member + b'x' * 20)
    with pytest.raises(UsageError, match='an ar header names more bytes than there are'):
        unpack(path, [File('a.txt', '0' * 64, 'a.txt')], tmp_path)


@pytest.mark.usefixtures('little_memory')
def test_options_of_series():
    with pytest.raises(ValueError, match=r'horizon should be less than the .* days'):
        data.daily_series(horizon=2_000_000_000)
    with pytest.raises(ValueError, match='fourier should be a whole number from 0 to 182'):
        data.daily_series(fourier=10**6)


def test_quotes_of_files_are_cut_at_the_source():
    nested = ('w',)
    for _ in range(60):
        nested = (nested, nested)  # its whole text has 2 ** 60 entries
    for value in (nested, 'x' * 10**6, ['y' * 100] * 10**5, dict.fromkeys(range(10**5))):
        assert len(shown(value)) <= 404
    assert shown(['a', 'b']) == "['a', 'b']"
