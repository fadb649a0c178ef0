"""A small shop with two releases, and what each of them has to answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from intentrec.config import load_config, template
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.ingest import ingest_files
from intentrec.progress import SILENT
from intentrec.workspace import Workspace

DAYS = 90
STORED = 20
NAMES = {
    "tea": ("cup", "pot", "strainer", "tin", "cosy", "towel"),
    "garden": ("trowel", "can", "gloves", "seeds", "lantern", "feeder"),
    "baking": ("stand", "tin", "pin", "cutter", "bowl", "slice"),
    "winter": ("bauble", "stocking", "garland", "calendar", "globe", "candle"),
}
COLOURS = ("blue", "green", "rustic", "white")
SETTINGS: dict[str, dict[str, Any]] = {
    "llm": {"backend": "none", "small": True},
    "text": {"model": "hashing"},
    "towers": {
        "width": 16, "context_width": 4, "hidden": 16, "epochs": 1, "epoch_examples": 500, "batch": 64,
        "warmup_days": 20.0, "step_days": 14.0, "horizon_days": 14.0, "validation_days": 14.0, "recall_at": 10,
    },
    "run": {"stored_k": STORED},
}  # fmt: skip

Listed = list[tuple[str, float]]


@dataclass(frozen=True)
class Shop:
    """The workspace, and who is in it.

    Attributes:
        quiet: Users of whom nothing comes in while the server runs.
        busy: Users of whom events come in.
        now: The end of the log.
    """

    workspace: Workspace
    quiet: list[str]
    busy: list[str]
    items: list[str]
    now: datetime

    def publishes(self, release: str) -> bool:
        """Whether it was ever published."""
        return any(manifest.release == release for manifest in self.workspace.releases.list())

    def expected(self, release: str) -> dict[str, Listed]:
        """User -> items and scores as a release stores them, best first."""
        manifest = self.workspace.releases.get(release)
        rows = self.workspace.read_release("recommendations", manifest).sort("user_id", "rank")
        lists: dict[str, Listed] = {}
        for user, item, score in rows.select("user_id", "item_id", "score").iter_rows():
            lists.setdefault(user, []).append((item, round(score, 6)))
        return lists


def make_shop(root: Path, serving: dict[str, Any], now: datetime, n_users: int = 48) -> Shop:
    """A workspace with releases as of a day and of two days before `now`; the second one is current."""
    workspace = Workspace.create(root, template(SETTINGS | {"serving": serving}))
    config = load_config(workspace.config_file)
    frames = {"items": _items(), "events": _events(n_users, now)}
    folder = root.parent / f"{root.name}-files"
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    ingest_files(
        workspace, config, {name: [folder / f"{name}.parquet"] for name in frames}, now=now, progress=SILENT
    )  # fmt: skip
    for days in (2, 1):
        options = RunOptions(as_of=now - timedelta(days=days))
        run_day(workspace, config, options, now=lambda: now, progress=SILENT)
    users = [f"user{n:03d}" for n in range(n_users)]
    return Shop(workspace, users[::2], users[1::2], frames["items"]["item_id"].to_list(), now)


def _items() -> pl.DataFrame:
    rows = [
        {"item_id": f"{theme}-{name}-{colour}", "title": f"{colour} {theme} {name}", "category": theme}
        for theme, names in NAMES.items()
        for name in names
        for colour in COLOURS
    ]
    return pl.DataFrame(rows)


def _events(n_users: int, now: datetime) -> pl.DataFrame:
    """Each user buys 18 things of two themes in the days before `now`."""
    rng = np.random.default_rng(0)
    themes, rows = list(NAMES), []
    for n in range(n_users):
        mine = [themes[n % len(themes)], themes[(n + 1 + n // len(themes) % 3) % len(themes)]]
        for day in sorted(rng.choice(DAYS, size=18, replace=False).tolist(), reverse=True):
            theme = mine[int(rng.integers(2))]
            name, colour = NAMES[theme][int(rng.integers(6))], COLOURS[int(rng.integers(len(COLOURS)))]
            moment = now - timedelta(days=day, minutes=int(rng.integers(1, 1440)))
            item = f"{theme}-{name}-{colour}"
            rows.append({"user_id": f"user{n:03d}", "timestamp": moment, "event": "purchase", "item_id": item})
    return pl.DataFrame(rows)
