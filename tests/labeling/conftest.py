"""What many tests of labeling begin with: an audit of three units, and Ana at its desk."""

import pytest

from labeling import planting


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(3)


@pytest.fixture
def ana_desk(ana_client, audit, at_desk):
    return at_desk(ana_client, audit)


@pytest.fixture
def every_second(monkeypatch):
    """Where half is planted, it is every second unit: the lot is drawn by ids, which vary."""
    digest = planting.digest

    def lot(*parts):
        if parts[1:2] != ("plant",):
            return digest(*parts)
        return "00000000" if parts[-1] % 2 else "ffffffff"

    monkeypatch.setattr(planting, "digest", lot)
