"""What the program `export` refuses before it reads the run."""

import pytest

from tests.experiments.programs import start


@pytest.mark.parametrize(
    ('flags', 'said'),
    [
        (('--output=m.zip', '--format=onnx'), 'should end with .onnx for --format=onnx'),
        (('--output=m.onnx',), 'should end with .zip for --format=program'),
        (('--output=m.onnx', '--format=onnx', '--dtype=int8'), 'options of --format=program'),
        (('--output=m', '--format=triton', '--platforms=cpu'), 'options of --format=program'),
        (('--output=.', '--format=triton'), 'There should be nothing at'),
        (('--output=missing/m.zip',), 'in a folder that exists'),
    ],
)
def test_what_export_refuses(tmp_path, flags, said):
    done = start('export', f'--workdir={tmp_path}', *flags)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
