"""Fixtures of the server's rooms."""

import pytest

from intentrec.workspace import Workspace
from serving_shop import released


@pytest.fixture(scope="session")
def released_shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small shop with a release and its bundle; nobody writes to it."""
    return released(tmp_path_factory.mktemp("served") / "shop")
