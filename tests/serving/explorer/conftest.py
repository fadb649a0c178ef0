"""The small shop, released twice; each test gets a copy of it behind an application of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer_shop import Site, released, site_of
from intentrec.workspace import Workspace


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Not to be changed."""
    return released(tmp_path_factory.mktemp("explorer") / "shop")


@pytest.fixture
def site(shop: Workspace, tmp_path: Path) -> Iterator[Site]:
    """May be changed."""
    made = site_of(shop, tmp_path / "shop")
    yield made
    made.close()
