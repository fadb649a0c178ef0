"""A small shop behind a server, with titles that would run if a page let them, and pages asked as a browser asks."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.bundle import export_bundle
from intentrec.workspace import Workspace
from shop_world import NOW, Settings, Shop, make_shop, open_shop

LATER = datetime(2025, 6, 1, 12, tzinfo=UTC)
"""The time on the wall while pages are looked at."""
IMAGE = "<img src=x onerror=\"document.documentElement.dataset.ran='image'\"> CUP"
SCRIPT = "</script><script>document.documentElement.dataset.ran='script'</script> POT"
HOSTILE = {"tea-0-0": IMAGE, "tea-1-0": SCRIPT, "garden-0-0": '{{ 7 * 7 }}" onmouseover="x\' & TROWEL'}
TAGS_COUNT: Settings = {"retrieval": {"beta": 0.5, "user_share": 0.5}}
"""Settings with which the tags have a part in every list."""


def hostile_shop() -> Shop:
    """The small shop, where some titles are markup."""
    shop = make_shop()
    titles = pl.col("item_id").replace_strict(HOSTILE, default=pl.col("title"), return_dtype=pl.String)
    return Shop(shop.items.with_columns(title=titles), shop.events, shop.users, shop.themes)


def released(root: Path, settings: Settings = TAGS_COUNT) -> Workspace:
    """A workspace with one release of that shop, and its bundle."""
    workspace, config = open_shop(root, hostile_shop(), settings=settings)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    export_bundle(workspace)
    return workspace
