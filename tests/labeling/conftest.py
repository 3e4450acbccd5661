"""What many tests of labeling begin with: an audit of three units, and Ana at its desk."""

import pytest


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(3)


@pytest.fixture
def ana_desk(ana_client, audit, at_desk):
    return at_desk(ana_client, audit)
