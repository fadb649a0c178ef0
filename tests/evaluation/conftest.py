from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def log() -> Callable[..., pl.DataFrame]:
    """Events from "user item day [weight]" strings, one a row."""

    def build(*rows: str) -> pl.DataFrame:
        parts = [row.split() for row in rows]
        return pl.DataFrame(
            {
                "row": list(range(len(parts))),
                "user_id": [part[0] for part in parts],
                "timestamp": [START + timedelta(days=float(part[2])) for part in parts],
                "event": ["purchase"] * len(parts),
                "item_id": [part[1] for part in parts],
                "weight": [float(part[3]) if len(part) > 3 else None for part in parts],
            },
            schema={
                "row": pl.Int64,
                "user_id": pl.String,
                "timestamp": pl.Datetime("us", "UTC"),
                "event": pl.String,
                "item_id": pl.String,
                "weight": pl.Float64,
            },
        )

    return build


@pytest.fixture
def shelf() -> Callable[..., pl.DataFrame]:
    """An item table from ids; "id:category" gives a category."""

    def build(*ids: str) -> pl.DataFrame:
        parts = [name.partition(":") for name in ids]
        return pl.DataFrame(
            {
                "item_id": [part[0] for part in parts],
                "title": [f"Title {part[0]}" for part in parts],
                "category": [part[2] or None for part in parts],
            },
            schema={"item_id": pl.String, "title": pl.String, "category": pl.String},
        )

    return build


@pytest.fixture
def items(shelf):
    return shelf("x:one", "y:one", "z:two")
