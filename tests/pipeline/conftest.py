"""A small shop whose right answers are known: users have two themes each and buy within them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intentrec.config import Config, load_config, template
from intentrec.pipeline.ingest import ingest_files
from intentrec.progress import SILENT
from intentrec.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 120
NOW = START + timedelta(days=400)

THEMES = {
    "tea": ("china tea cup", "cast iron teapot", "tea strainer", "green tea tin", "tea cosy", "tea towel"),
    "garden": ("garden trowel", "watering can", "garden gloves", "seed packet", "garden lantern", "bird feeder"),
    "baking": ("cake stand", "baking tin", "rolling pin", "cookie cutter", "mixing bowl", "cake slice"),
    "christmas": (
        "christmas bauble",
        "christmas stocking",
        "tree garland",
        "advent calendar",
        "snow globe",
        "nativity set",
    ),
}
STYLES = ("vintage", "blue", "rustic")
SMALL = {
    "llm": {"backend": "none"},
    "text": {"model": "hashing"},
    "towers": {
        "width": 16, "context_width": 4, "hidden": 16, "epochs": 2, "epoch_examples": 2000, "batch": 64,
        "warmup_days": 20.0, "step_days": 14.0, "horizon_days": 14.0, "validation_days": 14.0, "recall_at": 10,
    },
    "run": {"stored_k": 10},
}  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """Frames of the world, and which themes each user has."""

    items: pl.DataFrame
    events: pl.DataFrame
    users: pl.DataFrame
    themes: dict[str, tuple[str, str]]


def make_shop(n_users: int = 36, seed: int = 0) -> Shop:
    rng = np.random.default_rng(seed)
    names = list(THEMES)
    items = [
        {"item_id": f"{theme}-{kind}-{style}", "title": f"{STYLES[style].upper()} {title.upper()}"}
        for theme in names
        for kind, title in enumerate(THEMES[theme])
        for style in range(len(STYLES))
    ]
    themes: dict[str, tuple[str, str]] = {}
    events = []
    for n in range(n_users):
        first = n % len(names)
        second = (first + 1 + (n // len(names)) % (len(names) - 1)) % len(names)
        user = f"user{n:03d}"
        themes[user] = (names[first], names[second])
        mine = [item["item_id"] for item in items if item["item_id"].split("-")[0] in themes[user]]
        for day in sorted(rng.choice(DAYS, size=24, replace=False).tolist()):
            moment = START + timedelta(days=int(day), minutes=int(rng.integers(0, 1400)))
            bought = mine[int(rng.integers(len(mine)))]
            events.append({"user_id": user, "timestamp": moment, "event": "purchase", "item_id": bought})
    users = [{"user_id": user, "country": "Finland"} for user in themes]
    return Shop(pl.DataFrame(items), pl.DataFrame(events), pl.DataFrame(users), themes)


@pytest.fixture(scope="session")
def shop() -> Shop:
    return make_shop()


Open = Callable[..., tuple[Workspace, Config]]


@pytest.fixture
def open_shop(tmp_path: Path, shop: Shop) -> Open:
    """Makes a workspace that holds the shop's events up to a day."""

    def make(
        name: str = "shop",
        until: datetime | None = None,
        frames: Shop | None = None,
        settings: dict[str, dict[str, object]] | None = None,
    ) -> tuple[Workspace, Config]:
        settings = {
            section: SMALL.get(section, {}) | (settings or {}).get(section, {})
            for section in {*SMALL, *(settings or {})}
        }
        workspace = Workspace.create(tmp_path / name, template(settings))
        config = load_config(workspace.config_file)
        add(workspace, config, frames or shop, until=until)
        return workspace, config

    return make


def add(
    workspace: Workspace, config: Config, shop: Shop, since: datetime | None = None, until: datetime | None = None
) -> None:
    """Ingest the part of a shop's events between two times."""
    folder = workspace.root.parent / f"{workspace.root.name}-files-{since is not None}"
    folder.mkdir(exist_ok=True)
    events = shop.events.filter(pl.col("timestamp") >= (since or START), pl.col("timestamp") < (until or NOW))
    files = {"items": shop.items, "users": shop.users, "events": events}
    for name, frame in files.items():
        frame.write_parquet(folder / f"{name}.parquet")
    ingest_files(workspace, config, {name: [folder / f"{name}.parquet"] for name in files}, now=NOW, progress=SILENT)
