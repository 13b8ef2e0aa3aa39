"""Imports go one way, files stay short, and public names are listed."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {'_extra', 'base', '_near', '_numeric', '_renamed', '_rows', '_shown'}
    | {'files', 'options', 'tracing'},
    {'module', 'trees', 'gradients', 'solvers', 'losses', 'metrics'},
    {'_mixing', 'answers', 'data', 'sharing', 'penalties'}
    | {'weighting', 'surgery', 'backbones', 'heads'},
    {'training', 'analysis', 'moves', 'serving', 'testing'},
    {'build'},
    {'experiments'},
]
BETWEEN_SIBLINGS = {
    ('data', 'answers'),
    ('data', 'heads'),
    ('files', 'options'),
    ('gradients', 'trees'),
    ('metrics', 'losses'),
    ('module', 'trees'),
    ('testing', 'training'),
}
OUTSIDE = {'jax', 'flax', 'optax', 'collections', 'dataclasses', 'typing', 'warnings'}
FILES = sorted(
    path
    for folder in ('mtljax', 'experiments', 'configs')
    for path in (ROOT / folder).rglob('*.py')
)
PACKAGES = [path for path in FILES if path.name == '__init__.py' and 'configs' not in path.parts]


def name_of(path):
    return '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')


def part_of(module):
    """``'data'`` for ``'mtljax.data._digits'``, ``'experiments'`` for ``'experiments.train'``."""
    parts = module.split('.')
    return [*parts, ''][1] if parts[0] == 'mtljax' else parts[0]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{path} has a relative import'
            if node.module == 'mtljax':
                yield from (f'mtljax.{alias.name}' for alias in node.names)
            else:
                yield node.module


def layer_of(part):
    return next((level for level, names in enumerate(LAYERS) if part in names), None)


def may_import(part, other):
    """Whether code of one part may import another part; None stands for what is outside."""
    above, below = layer_of(part), layer_of(other)
    if part == other or above > (-1 if below is None else below):
        return True
    return (part, other) in BETWEEN_SIBLINGS


def broken_rules():
    for path in FILES:
        part = part_of(name_of(path))
        if part in ('', 'configs'):
            continue
        for module in imports_of(path):
            inside = module.split('.')[0] in ('mtljax', 'experiments', 'configs')
            other = part_of(module)
            known = layer_of(other) is not None
            if inside and known and not may_import(part, other):
                yield f'{name_of(path)} imports {module}'
            if part == 'base' and not inside and module.split('.')[0] not in OUTSIDE:
                yield f'{name_of(path)} imports {module}'


def test_imports_go_one_way():
    assert list(broken_rules()) == []


def test_the_rule_would_be_broken():
    assert may_import('training', 'surgery')
    assert may_import('surgery', 'base')
    assert may_import('data', 'heads')
    assert not may_import('base', 'trees')
    assert not may_import('surgery', 'weighting')
    assert not may_import('gradients', 'surgery')
    assert not may_import('training', 'analysis')


def test_every_part_has_a_layer():
    parts = {part_of(name_of(path)) for path in FILES} - {'', 'configs'}
    assert all(layer_of(part) is not None for part in parts)
    assert {'base', 'surgery', 'training'} <= parts


def test_the_package_itself_is_imported_by_programs_alone():
    for path in FILES:
        if name_of(path) != 'mtljax' and part_of(name_of(path)) != 'experiments':
            assert 'mtljax' not in list(imports_of(path)), path


def test_configs_import_nothing_else():
    for path in FILES:
        if 'configs' in path.relative_to(ROOT).parts:
            allowed = {'ml_collections', 'configs.common', 'collections.abc', 'typing'}
            assert set(imports_of(path)) <= allowed


def private_imports():
    """Private modules or names that a file takes from another package.

    A private module of `mtljax` itself belongs to all its packages, and programs may look inside.
    """
    for path in FILES:
        if path.is_relative_to(ROOT / 'experiments') and path.parent != ROOT / 'experiments':
            continue
        package = 'mtljax.' + part_of(name_of(path))
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or node.module.startswith(package):
                continue
            for name in (f'{node.module}.{alias.name}' for alias in node.names):
                parts = name.split('.')
                start = 2 if parts[0] == 'mtljax' and package != 'mtljax.experiments' else 1
                if parts[0] in ('mtljax', 'experiments') and any(
                    part.startswith('_') and part != '__main__' for part in parts[start:]
                ):
                    yield f'{name_of(path)} imports {name}'


def test_nobody_imports_private_names_of_another_package():
    assert list(private_imports()) == []


def test_configs_name_public_functions():
    for path in FILES:
        if 'configs' in path.relative_to(ROOT).parts:
            names = re.findall(r"'([\w.]+:[\w.]+)'", path.read_text())
            parts = [part for name in names for part in re.split('[.:]', name)]
            assert [part for part in parts if part.startswith('_')] == [], path


@pytest.mark.parametrize('path', PACKAGES, ids=name_of)
def test_public_names_are_listed_and_sorted(path):
    body = ast.parse(path.read_text()).body
    names = [
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    listed = [
        ast.literal_eval(node.value)
        for node in body
        if isinstance(node, ast.Assign) and node.targets[0].id == '__all__'
    ]
    public = [name for name in names if not name.startswith('_')]
    assert (listed or [[]])[0] == sorted(public)


def test_files_are_short():
    tests = (ROOT / 'tests').rglob('*.py')
    long = {p.name: n for p in (*FILES, *tests) if (n := len(p.read_text().splitlines())) > 300}
    assert long == {}


def lines_of(function):
    """The number of lines of a function without its docstring."""
    doc = ast.get_docstring(function, clean=False)
    first = function.body[0]
    return (
        function.end_lineno
        - function.lineno
        + 1
        - (first.end_lineno - first.lineno + 1 if doc is not None else 0)
    )


def test_functions_are_short():
    long = {
        f'{name_of(path)}.{node.name}': lines_of(node)
        for path in FILES
        if 'configs' not in path.relative_to(ROOT).parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and lines_of(node) > 50
    }
    assert long == {}


def writes_of(path):
    """The lines of a file that write to the disk without `mtljax.files`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, 'id', '')
        modes = [each.value for each in node.args if isinstance(each, ast.Constant)]
        modes += [each.value.value for each in node.keywords if each.arg == 'mode']
        opens = name == 'open' and any(str(mode)[:1] in ('w', 'a', 'x') for mode in modes)
        method = isinstance(function, ast.Attribute)
        if opens or (method and name in WRITING) or name == 'dump':
            yield node.lineno


WRITING = ('write_text', 'write_bytes', 'savefig', 'save', 'savez', 'savez_compressed', 'tofile')
MAY_WRITE = (
    'mtljax/files',
    'mtljax/training/_best_state.py',
    'mtljax/training/_checkpoint.py',
    'mtljax/training/_save_parameters.py',
)


def test_one_place_writes_files():
    found = {
        str(path.relative_to(ROOT)): list(writes_of(path))
        for path in FILES
        if not str(path.relative_to(ROOT)).startswith(MAY_WRITE)
    }
    assert {path: lines for path, lines in found.items() if lines} == {}
