"""A world whose next event is known: every item leads to one other, along cycles of five."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from intentrec.data.log import DAY, Log
from intentrec.tables import CATALOGUE
from intentrec.towers.config import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.sequence import SequenceConfig

START = datetime(2024, 1, 1, tzinfo=UTC)
N_ITEMS, CYCLE, N_USERS = 30, 5, 60
TWIN = N_ITEMS
"""An item that nobody ever took, with the text of item 0."""
SMALL = SequenceConfig(
    width=16, layers=1, heads=2, hidden=32, dropout=0.0, length=8, context_width=4, tokens=128, epochs=20, patience=6,
    rate=0.01, table_rate=0.02, warmup_steps=5, period_days=10, recall_at=1, text_dropout=0.0,
)  # fmt: skip


def following(item):
    return item // CYCLE * CYCLE + (item + 1) % CYCLE


def chains(n_events=10, n_users=N_USERS):
    rng = np.random.default_rng(0)
    rows = []
    for user in range(n_users):
        item = int(rng.integers(N_ITEMS))
        for number in range(n_events):
            when = START + timedelta(days=number, minutes=user)
            rows.append((f"u{user:02}", f"v{item:02}", when, "purchase", len(rows)))
            item = int(following(item))
    names = ["user_id", "item_id", "timestamp", "event", "row"]
    events = pl.DataFrame(rows, names, orient="row").with_columns(pl.col("timestamp").dt.cast_time_unit("us"))
    ids = [f"v{item:02}" for item in range(N_ITEMS + 1)]
    items = pl.DataFrame(
        {"item_id": ids, "title": ids, "category": [f"c{item // CYCLE}" for item in range(N_ITEMS + 1)]}
    )
    text = rng.standard_normal((N_ITEMS + 1, 12))
    text[TWIN] = text[0]
    return TrainingData.build(
        events,
        items,
        as_of=START + timedelta(days=n_events),
        kinds={"purchase": 1.0},
        config=TowersConfig(),
        item_tags=CATALOGUE.empty(),
        item_text=text,
        tag_text=None,
    )


def log_of(rows, n_users=4, n_items=9, n_kinds=1):
    """Rows of user, item, day; in time order, ties in the order given."""
    rows = sorted(rows, key=lambda row: row[2])
    user, item, day = (np.array([row[column] for row in rows]) for column in range(3))
    kind = np.array([row[3] if len(row) > 3 else 0 for row in rows], dtype=np.int64)
    return Log(
        user.astype(np.int64), item.astype(np.int64), kind, np.ones(len(rows)), day.astype(float) * DAY,
        n_users, n_items, n_kinds,
    )  # fmt: skip
