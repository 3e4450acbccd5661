"""The examples in the docstrings run."""

import doctest
import importlib
from pathlib import Path

import pytest

import analysis

MODULES = sorted(path.stem for path in Path(analysis.__file__).parent.glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"analysis.{name}")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
