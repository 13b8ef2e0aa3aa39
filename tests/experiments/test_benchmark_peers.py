"""What the benchmark needs of other libraries is looked for before anything is measured."""

import types

import pytest

from experiments.benchmark import surgery_pytorch
from experiments.program import UsageError


def made(*args, **kwargs):
    return object()


def missing(*args, **kwargs):
    raise ImportError("No module named 'cvxpy'")


def test_a_method_that_needs_a_package_of_its_own(monkeypatch):
    names = ('Sum', 'PCGrad', 'MGDA', 'CAGrad', 'NashMTL', 'UPGrad', 'FairGrad')
    library = types.SimpleNamespace(**dict.fromkeys(names, made))
    monkeypatch.setattr(surgery_pytorch.importlib, 'import_module', lambda name: library)
    surgery_pytorch.check_installed(['torchjd'], None)
    library.NashMTL = missing
    with pytest.raises(UsageError, match=r"--peers=torchjd needs.*No module named 'cvxpy'"):
        surgery_pytorch.check_installed(['torchjd'], None)


def test_libmtl_needs_the_folder_of_its_clone():
    with pytest.raises(UsageError, match='--peers=libmtl needs --libmtl=PATH'):
        surgery_pytorch.check_installed(['libmtl'], None)
