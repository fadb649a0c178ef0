"""One released shop for all tests of bundles; none of them changes its tables."""

import pytest

from intentrec.serving.bundle import Bundle, export_bundle
from intentrec.workspace import Workspace
from served_world import released, served_shop
from shop_world import SMALL, Shop


@pytest.fixture(scope="session")
def served() -> Shop:
    """The world; frames are immutable, so one serves all tests."""
    return served_shop()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, served: Shop) -> Workspace:
    """A workspace with a release."""
    return released(tmp_path_factory.mktemp("bundled"), served, SMALL)[0]


@pytest.fixture(scope="session")
def bundle(workspace: Workspace) -> Bundle:
    """Its bundle."""
    return Bundle.open(export_bundle(workspace))
