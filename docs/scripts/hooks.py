"""What `mkdocs build` adds to the pages in docs/: tutorials, the API, and the files of the root."""

import re
import sys
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import api  # noqa: E402 - the path above must be set first
import nbformat  # noqa: E402
import notebooks  # noqa: E402


def on_config(config):
    """List the pages of the API in the navigation."""
    (section,) = (entry for entry in config.nav if 'API' in entry)
    section['API'] = [{name: f'api/{name}.md'} for name in api.packages()]
    return config


def on_files(files, config):
    """Add the generated pages."""
    pages = {f'api/{name}.md': api.page(package) for name, package in api.packages().items()}
    for name in ('CONTRIBUTING', 'CHANGELOG'):
        text = re.sub(r'\]\(docs/', '](', (ROOT / f'{name}.md').read_text())
        pages[f'{name.lower()}.md'] = text.replace('(CHANGELOG.md)', '(changelog.md)')
    for script in sorted((ROOT / 'docs' / 'tutorials').glob('*.py')):
        notebook = notebooks.executed(script)
        pages[f'tutorials/{script.stem}.md'] = notebooks.page(notebook, script.stem)
        pages[f'tutorials/{script.stem}.ipynb'] = nbformat.writes(notebook)
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_post_build(config):
    """Stop when a public name is missing in the built pages."""
    missing = []
    for page, package in api.packages().items():
        html = (Path(config.site_dir) / 'api' / page / 'index.html').read_text()
        missing += [name for name in api.public_names(package) if f'id="{name}"' not in html]
    if missing:
        raise PluginError(f'The pages of the API should show every public name. Missing: {missing}')
