"""Where the third-party sets are, and small tables to type labels in."""

import os
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder with data/ and oracles/, or skip and say which folder is missing."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("SHARED_DATA", beside))
    if not (folder / "data" / "expected.json").is_file():
        pytest.skip(f"no third-party sets in {folder}: set SHARED_DATA to check against them")
    return folder


@pytest.fixture
def make_labels():
    """Make a long table from one string of labels per coder; a dot is a missing judgment."""

    def make(**coders: str) -> pd.DataFrame:
        rows = [
            (unit, coder, label)
            for coder, labels in coders.items()
            for unit, label in enumerate(labels, start=1)
            if label != "."
        ]
        return pd.DataFrame(rows, columns=["unit", "coder", "label"])

    return make


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def to_file(content: str | bytes, name: str = "reliability.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file
