"""A small shop whose right answers are known: users have two themes each and buy within them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from intentrec.config import Config, load_config, template
from intentrec.llm import Backend, Ledger, LedgeredModel, LLMConfig, Request
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
Settings = dict[str, Any]
SMALL: Settings = {
    "llm": {"backend": "none", "small": True},
    "text": {"model": "hashing"},
    "towers": {
        "width": 16, "context_width": 4, "hidden": 16, "epochs": 1, "epoch_examples": 1000, "batch": 64,
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
    """Users who buy 24 times in 120 days, each time something of one of their two themes."""
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


def merged(settings: Settings | None) -> Settings:
    """Settings over those of a small shop."""
    given = settings or {}
    return {section: SMALL.get(section, {}) | given.get(section, {}) for section in {**SMALL, **given}}


def open_shop(
    root: Path, shop: Shop, until: datetime = NOW, settings: Settings | None = None
) -> tuple[Workspace, Config]:
    """A new workspace that holds the shop's events before a time."""
    workspace = Workspace.create(root, template(merged(settings)))
    config = load_config(workspace.config_file)
    add(workspace, config, shop, START, until)
    return workspace, config


def add(workspace: Workspace, config: Config, shop: Shop, since: datetime, until: datetime) -> None:
    """Ingest the part of a shop's events between two times, and all its items and users."""
    folder = workspace.root.parent / f"{workspace.root.name}-files"
    folder.mkdir(exist_ok=True)
    events = shop.events.filter(pl.col("timestamp") >= since, pl.col("timestamp") < until)
    frames = {"items": shop.items, "users": shop.users, "events": events}
    files = {name: [folder / f"{name}.parquet"] for name in frames}
    for name, frame in frames.items():
        frame.write_parquet(files[name][0])
    ingest_files(workspace, config, files, now=NOW, progress=SILENT)


def opener(backend: Backend) -> Callable[[LLMConfig, Path], LedgeredModel]:
    """What stands in for `open_model`, so that a scripted model is used."""
    return lambda config, ledger: LedgeredModel(backend, Ledger(ledger), config)


def fill(request: Request) -> dict[str, Any]:
    """An answer that fits the request's schema: choices by a hash of the prompt, the same every time."""
    seed = hashlib.sha256("".join(message.content for message in request.messages).encode()).digest()
    filled = _filled(request.answer_schema, seed)
    assert isinstance(filled, dict)
    return filled


def _filled(schema: dict[str, Any], seed: bytes) -> Any:
    if "enum" in schema:
        return schema["enum"][seed[0] % len(schema["enum"])]
    if schema["type"] == "object":
        return {key: _filled(part, _next(seed, key)) for key, part in schema["properties"].items()}
    if schema["type"] == "array":
        return [_filled(schema["items"], _next(seed, str(n))) for n in range(max(1, schema.get("minItems", 1)))]
    if schema["type"] == "integer":
        return schema.get("minimum", 0)
    return "chosen with care for quiet afternoons"[: schema.get("maxLength", 40)]


def _next(seed: bytes, key: str) -> bytes:
    return hashlib.sha256(seed + key.encode()).digest()
