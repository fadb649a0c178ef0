"""What became of events: looked up in the tables, written down in the store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from intentrec.serving.live.database import DRAINED, MOVING, REFUSED
from intentrec.serving.live.encoding import EVENT_COLUMNS, micros
from intentrec.serving.live.frames import SOURCE, events_frame
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.workspace import Workspace

NumberedRow = tuple[Any, ...]
"""n, then `EVENT_COLUMNS`."""
_LOOKED_FOR = f"SELECT n, {EVENT_COLUMNS} FROM events WHERE state = {MOVING} OR (state < {DRAINED} AND ?)"


def settle(workspace: Workspace, store: LiveStore, now: datetime, *, all_waiting: bool = False) -> int:
    """Find out about events that a killed drain has left marked; how many are in a table. Call it before an export.

    Args:
        all_waiting: Look for all that are not in the tables as far as the store knows: another host may have drained
            them, or a file brought them under their ids.
    """
    rows = store.read(_LOOKED_FOR, (all_waiting,))
    if not rows:
        return 0
    found = stored_rows(workspace, rows)
    refused = refused_numbers(workspace, "events", [row[0] for row in rows if row[0] not in found])
    if found or refused:
        users = {row[2] for row in rows if row[0] in found or row[0] in refused}
        store.write(lambda batch: mark(batch, found, refused, users, now))
    return len(found) + len(refused)


def mark(batch: Batch, drained: Mapping[int, int], refused: Iterable[int], users: Iterable[str], now: datetime) -> None:
    """Write down where events stand now.

    Args:
        drained: Number -> row.
        refused: Numbers.
        users: Those to whom readers must look again: something of them is not live any more.
    """
    at = micros(now)
    batch.db.executemany(
        f"UPDATE events SET state = {DRAINED}, row = ?, drained_at = ? WHERE n = ?",
        ((row, at, n) for n, row in drained.items()),
    )
    if drained:
        batch.keep_greatest("last_row", max(drained.values()))
    batch.db.executemany(f"UPDATE events SET state = {REFUSED} WHERE n = ?", ((n,) for n in refused))
    for user_id in sorted(users):
        batch.changed("user", user_id)


def id_column(workspace: Workspace) -> str:
    """The column of the events table that holds live events' own ids; a shop may use the usual name for numbers."""
    return "event_id" if _columns(workspace).get("event_id", pl.String()) == pl.String else "live_event_id"


def _columns(workspace: Workspace) -> Mapping[str, pl.DataType]:
    return workspace.tables.scan("events").collect_schema() if workspace.tables.exists("events") else {}


def stored_rows(workspace: Workspace, events: Sequence[NumberedRow]) -> dict[int, int]:
    """Number -> row of those of the events that are in the table."""
    name = id_column(workspace)
    if name not in _columns(workspace):
        return {}
    wanted = events_frame([row[1:] for row in events], name).with_columns(n=pl.Series([row[0] for row in events]))
    span = pl.col("timestamp").is_between(pl.lit(wanted["timestamp"].min()), pl.lit(wanted["timestamp"].max()))
    key = [name, "user_id", "timestamp"]
    stored = workspace.tables.scan("events").filter(span, pl.col(name).is_not_null()).select(*key, "row").collect()
    return dict(wanted.join(stored, on=key).select("n", "row").iter_rows())


def refused_numbers(workspace: Workspace, table: str, numbers: Sequence[int]) -> set[int]:
    """Which of the numbers stand in the quarantine."""
    if not numbers or not workspace.tables.exists("quarantine"):
        return set()
    ours = (pl.col("table") == table) & (pl.col("source") == SOURCE) & pl.col("line").is_in(list(numbers))
    return set(workspace.tables.scan("quarantine").filter(ours).select("line").collect()["line"])
