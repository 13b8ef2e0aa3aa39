"""The tutorial on a table and a service: every command runs as it is written."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs' / 'table_to_service.md').read_text(encoding='utf-8')


def commands():
    """The commands of the page, in their order."""
    blocks = re.findall(r'(?:^    .+\n)+', PAGE, re.MULTILINE)
    return [shlex.split(block.replace('\\\n', ' ')) for block in blocks]


def programs():
    return [words for words in commands() if words[:2] == ['python', '-m']]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    return tmp_path


def run(folder, words, **options):
    path = {'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': '1'}
    command = [sys.executable, *words[1:]]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | path, text=True, stdout=subprocess.PIPE, **options
    )


@pytest.mark.exhaustive
def test_every_command_runs(folder):
    *before, serve = programs()
    assert [words[2] for words in before] == [
        f'experiments.{name}' for name in ('shop', 'compare', 'shop', 'predict', 'export')
    ]
    printed = {}
    for words in before:
        with run(folder, words) as process:
            printed[words[2]] = process.communicate()[0]
        assert process.returncode == 0, words
    for line in re.findall(r'^(?:column|bought|amount|time|visit|Left).*', PAGE, re.MULTILINE)[:5]:
        assert line in printed['experiments.compare']
    assert 'Hard sharing is' in printed['experiments.compare']
    assert 'empty cells: city 11, pages 16' in printed['experiments.predict']
    with run(folder, [*serve[:-1], '--port=0'], stderr=subprocess.DEVNULL) as process:
        url = process.stdout.readline().split()[-1]
        (ask,) = (words for words in commands() if words[0] == 'curl')
        answer = httpx.post(url + '/predict', json=json.loads(ask[ask.index('-d') + 1])).json()
        assert 'model' in httpx.get(url + '/').text
        process.send_signal(signal.SIGTERM)
        assert '2 requests were accepted, and 2 answered' in process.communicate()[0]
    assert process.returncode == 0
    (found,) = answer['predictions']
    assert list(found) == ['bought', 'amount', 'rating', 'returned']
    assert found['bought']['class'] == 'yes'


def test_the_commands_are_those_of_the_page():
    assert len(programs()) == 6
    assert ['pip', 'install', '-e', '.[export,serve,tables]'] in commands()
