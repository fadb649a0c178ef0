"""The small shop, released twice; each test gets a copy of it behind an application of its own."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browsing import PATIENCE_MS, OpenTab, chromium, serving, tab
from explorer_shop import Site, per_user, released, site_of
from intentrec.workspace import Workspace


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Not to be changed."""
    return released(tmp_path_factory.mktemp("explorer") / "shop")


@pytest.fixture(scope="module")
def still(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """For tests that only look."""
    made = site_of(shop, tmp_path_factory.mktemp("still") / "shop")
    yield made
    made.close()


@pytest.fixture
def site(shop: Workspace, tmp_path: Path) -> Iterator[Site]:
    """May be changed."""
    made = site_of(shop, tmp_path / "shop")
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shop in which something was measured."""
    root = tmp_path_factory.mktemp("browsed") / "shop"
    shutil.copytree(shop.root, root)
    Workspace(root).write("user_metrics", per_user())
    return root


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a file."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def open_tab(browser: Browser, folder: Path) -> Iterator[OpenTab]:
    """Opens a fresh tab on the server."""
    expect.set_options(timeout=PATIENCE_MS)
    with serving(folder, folder.parent) as home:
        yield partial(tab, browser, home)
