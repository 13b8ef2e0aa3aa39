"""Check that the checkout can be released: version, changelog, wheel, sdist and README.

    make release-check

It builds both files, installs the wheel in an empty environment, and runs the Python blocks of the
README there. It removes everything that it made.
"""

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ('mtljax', 'pyproject.toml', 'setup.cfg', 'README.md', 'LICENSE')
REQUIRED = ('Name', 'Version', 'Summary', 'Requires-Python', 'License-File')


def run(*command, cwd):
    """Run a command in a folder; stop with its output where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{done.stdout}{done.stderr}')
    return done.stdout


def version_in_changelog():
    """The version of the newest section, which the package must have too."""
    section = re.search(r'^## \[(.+?)\] - (\S+)$', (ROOT / 'CHANGELOG.md').read_text(), re.M)
    package = re.search(r"^__version__ = '(.+)'$", (ROOT / 'mtljax/__init__.py').read_text(), re.M)
    assert section
    assert package
    if section[1] != package[1]:
        sys.exit(
            'The newest section of CHANGELOG.md should have the version of the package. Found '
            f'{section[1]} and {package[1]}. Change one of them.'
        )
    if section[2] == 'unreleased':
        print('Note: the newest section of CHANGELOG.md has no date yet.')
    return section[1]


def check_metadata(text, version, file):
    """Check the core metadata of one distribution file."""
    fields = email.message_from_string(text)
    missing = [name for name in REQUIRED if not fields[name]]
    if missing or fields['Version'] != version or 'mtljax' not in fields.get_payload():
        sys.exit(
            f'{file.name} should have {REQUIRED}, version {version}, and the README. '
            f'Found missing fields {missing} and version {fields["Version"]}. See setup.cfg.'
        )


def build(version, folder):
    """Build both distribution files into the folder, check them, and return the wheel."""
    for path in SOURCES:
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, folder / path)
    run(sys.executable, '-m', 'build', cwd=folder)
    (wheel,), (sdist,) = folder.glob('dist/*.whl'), folder.glob('dist/*.tar.gz')
    name = f'mtljax-{version}'
    check_metadata(
        zipfile.ZipFile(wheel).read(f'{name}.dist-info/METADATA').decode(), version, wheel
    )
    with tarfile.open(sdist) as archive:
        member = archive.extractfile(f'{name}/PKG-INFO')
        assert member is not None
        check_metadata(member.read().decode(), version, sdist)
    return wheel


def run_readme(wheel, folder):
    """Install the wheel in an empty environment, and run the README's Python blocks there."""
    run(sys.executable, '-m', 'venv', folder / 'venv', cwd=folder)
    python = folder / 'venv' / 'bin' / 'python'
    run(python, '-m', 'pip', 'install', '--quiet', wheel, cwd=folder)
    blocks = re.findall(r'```python\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL)
    (folder / 'readme.py').write_text('\n'.join(blocks))
    print(run(python, 'readme.py', cwd=folder))


def main():
    """Run all checks."""
    version = version_in_changelog()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_readme(build(version, folder), folder)
    print(f'mtljax {version} can be released.')


if __name__ == '__main__':
    main()
