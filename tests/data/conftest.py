from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from intentrec.data import Checked, DataConfig, EventsConfig, Known, check
from intentrec.data.source import Source
from intentrec.tables import EVENTS, TIMESTAMP

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2024, 1, number, hour, tzinfo=UTC)


@pytest.fixture
def log() -> Callable[..., pl.DataFrame]:
    """Events from (user, day of January 2024, item) or (user, day, item, kind), numbered as they come."""

    def make(*rows: tuple[Any, ...]) -> pl.DataFrame:
        events = [
            {"row": n, "user_id": u, "timestamp": day(d), "item_id": i, "event": kind[0] if kind else "purchase"}
            for n, (u, d, i, *kind) in enumerate(rows)
        ]
        return EVENTS.rows(events)

    return make


@pytest.fixture
def checked() -> Callable[..., Checked]:
    """Check rows (dicts, or a frame) that stand in a file `f.parquet`."""

    def run(
        table: Any,
        rows: pl.DataFrame | Sequence[Mapping[str, Any]],
        config: DataConfig | None = None,
        items: Sequence[str] | None = ("a", "b"),
        stored: pl.DataFrame | None = None,
        untyped: bool = False,
    ) -> Checked:
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(list(rows), infer_schema_length=None)
        known = Known(NOW, None if items is None else pl.Series(items), None if stored is None else stored.lazy())
        source = Source(Path("f.parquet"), frame, untyped=untyped)
        return check(source, table, config or DataConfig(max_bad_share=1), EventsConfig(), known)

    return run


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """A sound event with some values replaced."""

    def make(**values: Any) -> dict[str, Any]:
        return {"user_id": "u", "timestamp": day(1), "event": "view", "item_id": "a", **values}

    return make


def times(*values: str | None) -> pl.Series:
    return pl.Series(values).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us").dt.replace_time_zone("UTC")


assert times("2024-01-01 00:00:00").dtype == TIMESTAMP
