"""Fixtures of the live store."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config, load_config
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.live import LiveStore
from intentrec.workspace import Workspace
from shop_world import DAYS, START, Shop, make_shop, open_shop
from store_world import Clock, open_store

RELEASED = START + timedelta(days=DAYS)
"""When the first release is made, and what it is as of."""


@pytest.fixture(scope="session")
def live_shop() -> Shop:
    """A small shop whose items name their theme as category."""
    shop = make_shop(12)
    return replace(shop, items=shop.items.with_columns(category=pl.col("item_id").str.split("-").list.first()))


@pytest.fixture(scope="session")
def released_root(tmp_path_factory: pytest.TempPathFactory, live_shop: Shop) -> Path:
    """The folder of a workspace with one release; copied, never changed."""
    root = tmp_path_factory.mktemp("released") / "shop"
    workspace, config = open_shop(root, live_shop)
    run_day(workspace, config, RunOptions(as_of=RELEASED), now=lambda: RELEASED, progress=SILENT)
    return root


@pytest.fixture
def released(released_root: Path, tmp_path: Path) -> tuple[Workspace, Config]:
    """A workspace with one release."""
    workspace = Workspace(shutil.copytree(released_root, tmp_path / "shop"))
    return workspace, load_config(workspace.config_file)


@pytest.fixture
def clock() -> Clock:
    """The store's clock."""
    return Clock()


@pytest.fixture
def open_live() -> Iterator[Callable[[Workspace, Clock], LiveStore]]:
    """Opens stores of workspaces."""
    opened: list[LiveStore] = []

    def open_one(workspace: Workspace, clock: Clock) -> LiveStore:
        opened.append(open_store(workspace.root / "live", clock))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[LiveStore]:
    """A new store."""
    opened = open_store(tmp_path / "live", clock)
    yield opened
    opened.close()
