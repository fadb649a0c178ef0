"""A small shop with a known truth: even users take even items, odd users odd ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from intentrec.towers import Towers, TowersConfig, fit
from intentrec.towers.pooled import Pooled
from intentrec.towers.sequence import SequenceConfig

N_USERS, N_ITEMS, DAYS = 40, 24, 120
SHAPES = ("round", "square")


@dataclass(frozen=True)
class Shop:
    start: datetime
    as_of: datetime
    kinds: dict[str, float]
    config: TowersConfig
    items: pl.DataFrame
    item_tags: pl.DataFrame
    events: pl.DataFrame

    def fit(self, **changes) -> Towers:
        options = {
            "events": self.events, "items": self.items, "as_of": self.as_of, "kinds": self.kinds,
            "config": self.config, "item_tags": self.item_tags,
        }  # fmt: skip
        options.update(changes)
        return fit(options.pop("events"), options.pop("items"), **options)

    def changed(self, **changes) -> TowersConfig:
        return self.config.model_copy(update=changes)

    def pooled(self, config=None, **changes) -> Pooled:
        """The pooled part of towers that have no other."""
        config = (config or self.config).model_copy(update={"parts": ("pooled",)})
        return self.fit(config=config, **changes).pooled


def made_items():
    rows = range(N_ITEMS)
    return pl.DataFrame(
        {
            "item_id": [f"v{row:02}" for row in rows],
            "title": [f"{SHAPES[row % 2]} thing {row}" for row in rows],
            "category": [SHAPES[row % 2] for row in rows],
            "price": [1.0 + row for row in rows],
        }
    )


def made_events(start, n_events=1200):
    rng = np.random.default_rng(0)
    user = rng.integers(N_USERS, size=n_events)
    item = 2 * rng.integers(N_ITEMS // 2, size=n_events) + user % 2
    minutes = np.sort(rng.integers(DAYS * 24 * 60, size=n_events))
    columns = {
        "user_id": [f"u{code:02}" for code in user],
        "item_id": [f"v{code:02}" for code in item],
        "timestamp": [start + timedelta(minutes=int(minute)) for minute in minutes],
        "event": ["purchase"] * n_events,
        "row": np.arange(n_events),
    }
    return pl.DataFrame(columns, schema_overrides={"timestamp": pl.Datetime("us", "UTC")})


@pytest.fixture(scope="session")
def shop():
    start = datetime(2024, 1, 1, tzinfo=UTC)
    items = made_items()
    return Shop(
        start=start,
        as_of=start + timedelta(days=DAYS),
        kinds={"purchase": 1.0},
        config=TowersConfig(
            width=16, context_width=2, feature_width=2, hidden=16, epochs=4, batch=32, recall_at=8,
            embedding_rate=0.01, rate=0.01,
            sequence=SequenceConfig(
                width=8, layers=1, heads=1, hidden=16, length=20, context_width=2, epochs=2, tokens=512,
                warmup_steps=2, rate=0.01, table_rate=0.01,
            ),
        ),
        items=items,
        item_tags=items.select("item_id", (pl.col("category") + " thing").alias("phrase"), "category"),
        events=made_events(start),
    )  # fmt: skip


@pytest.fixture(scope="session")
def towers(shop):
    """The parts of the default settings: pooled and memory."""
    return shop.fit()


@pytest.fixture(scope="session")
def pooled(towers):
    return towers.pooled
