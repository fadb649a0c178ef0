"""A small shop with a release whose towers have learned what they can: what a server serves."""

from pathlib import Path

import polars as pl

from intentrec.config import Config
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, Settings, Shop, make_shop, open_shop

LEARNED: Settings = {
    "retrieval": {"beta": 0.5, "user_share": 0.5},
    "towers": {"epochs": 8, "epoch_examples": 3000, "rate": 0.02, "embedding_rate": 0.02, "patience": 30},
}


def served_shop() -> Shop:
    """The shop with categories, and with brands and prices where an item has them; one user has attributes only."""
    shop = make_shop()
    blue = pl.col("item_id").str.ends_with("-1")
    items = shop.items.with_columns(
        category=pl.col("item_id").str.split("-").list.first(),
        brand=pl.when(blue).then(pl.lit("Bluebird")),
        price=pl.when(~blue).then(pl.int_range(pl.len()).cast(pl.Float64)),
        description=pl.lit("Made with care."),
        material=pl.lit("tin"),
    )
    newcomer = pl.DataFrame({"user_id": ["newcomer"], "country": ["Finland"]})
    return Shop(items, shop.events, pl.concat([shop.users, newcomer]), shop.themes)


def released(root: Path, shop: Shop, settings: Settings = LEARNED) -> tuple[Workspace, Config]:
    """A workspace with one release."""
    workspace, config = open_shop(root / "shop", shop, settings=settings)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    return workspace, config
