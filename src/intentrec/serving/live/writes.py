"""What is written into the live store, each as a part of a transaction."""

import secrets
from collections.abc import Iterable, Sequence

import orjson

from intentrec.serving.live.encoding import EVENT_COLUMNS, EventRow
from intentrec.serving.live.models import Exposure, InterestEdit, Label, LiveItem
from intentrec.serving.live.writer import Batch

_INSERT = (
    f"INSERT INTO events (n, {EVENT_COLUMNS}, at, foreign_) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (event_id) DO NOTHING"
)
_OF_USER = {
    "events": "user_id = ?1",
    "edits": "user_id = ?1",
    "refreshed": "user_id = ?1",
    "exposures": "user_id = ?1",
    "labels": "user_id = ?1 OR subject = ?1",
    "changes": "kind != 'item' AND subject = ?1",
}


def add_events(batch: Batch, rows: Sequence[EventRow], at: int, foreign: bool = False) -> int:
    """Keep the events whose id is not known; how many those are."""
    before, first = batch.db.total_changes, batch.take(len(rows))
    batch.db.executemany(_INSERT, ((first + i, *row, at, foreign) for i, row in enumerate(rows)))
    return batch.db.total_changes - before


def put_items(batch: Batch, items: Iterable[LiveItem], at: int, foreign: bool = False) -> None:
    """Keep items in the place of those of the same id; what another host has kept later stands."""
    for item in items:
        n = batch.changed("item", item.item_id)
        body = orjson.dumps(item.model_dump(mode="json", exclude_none=True)).decode()
        batch.db.execute(
            "INSERT INTO items (item_id, n, body, at, foreign_) VALUES (?, ?, ?, ?, ?) ON CONFLICT (item_id) DO UPDATE "
            "SET n = excluded.n, body = excluded.body, at = excluded.at, foreign_ = excluded.foreign_, state = 0, "
            "drained_at = NULL WHERE excluded.at >= at",
            (item.item_id, n, body, at, foreign),
        )


def put_edit(
    batch: Batch, user_id: str, interest_id: str, edit: InterestEdit | None, at: int, foreign: bool = False
) -> bool:
    """Keep an edit, or that it was taken back; False where a later one about the same interest stands."""
    n = batch.changed("user", user_id)
    body = None if edit is None else edit.model_dump_json()
    kept = batch.db.execute(
        "INSERT INTO edits (user_id, interest_id, n, at, body, foreign_) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (user_id, interest_id) DO UPDATE SET n = excluded.n, at = excluded.at, body = excluded.body, "
        "foreign_ = excluded.foreign_ WHERE excluded.at >= at",
        (user_id, interest_id, n, at, body, foreign),
    )
    return kept.rowcount > 0


def add_labels(batch: Batch, labels: Iterable[Label]) -> None:
    """Keep labels in the place of those of the same id."""
    for label in labels:
        batch.db.execute(
            "INSERT OR REPLACE INTO labels (label_id, n, subject, user_id, body) VALUES (?, ?, ?, ?, ?)",
            (label.label_id, batch.take(), label.subject, label.user_id, label.model_dump_json()),
        )


def add_exposures(batch: Batch, exposures: Sequence[Exposure]) -> None:
    """Keep exposures."""
    first = batch.take(len(exposures))
    rows = ((first + i, shown.user_id, shown.model_dump_json()) for i, shown in enumerate(exposures))
    batch.db.executemany("INSERT INTO exposures (n, user_id, body) VALUES (?, ?, ?)", rows)


def put_refreshed(batch: Batch, user_id: str, until: int, body: str, at: int) -> bool:
    """Keep what was written about a user; False where the user is being erased."""
    if batch.db.execute("SELECT 1 FROM erasures WHERE user_id = ?", (user_id,)).fetchone():
        return False
    n = batch.changed("user", user_id)
    batch.db.execute(
        "INSERT OR REPLACE INTO refreshed (user_id, n, at, until, body) VALUES (?, ?, ?, ?, ?)",
        (user_id, n, at, until, body),
    )
    return True


def ask_erasure(batch: Batch, user_id: str, at: int, receipt: str = "", before: int | None = None) -> str:
    """Delete what is live about a user and note the erasure, which the keeper finishes; its receipt.

    Args:
        receipt: Of another host, where the wish came in there.
        before: Delete only events that were accepted at or before this time; by default all.
    """
    pending = batch.db.execute("SELECT receipt_id FROM erasures WHERE user_id = ?", (user_id,)).fetchone()
    removed = sum(_delete(batch, table, user_id, before) for table in _OF_USER)
    n = batch.changed("erased", user_id)
    if pending is not None:
        return str(pending[0])
    named = receipt or secrets.token_urlsafe(18)
    batch.db.execute(
        "INSERT INTO erasures (receipt_id, n, user_id, state, asked_at, rows, foreign_) "
        "VALUES (?, ?, ?, 'waiting', ?, ?, ?)",
        (named, n, user_id, at, orjson.dumps({"live": removed}).decode(), bool(receipt)),
    )
    return named


def _delete(batch: Batch, table: str, user_id: str, before: int | None) -> int:
    late = " AND at <= ?2" if before is not None and table == "events" else ""
    given = (user_id, before) if late else (user_id,)
    gone = batch.db.execute(f"DELETE FROM {table} WHERE ({_OF_USER[table]}){late}", given).rowcount
    return 0 if table == "changes" else gone


def forget_user(batch: Batch, user_id: str) -> None:
    """Name the user nowhere any more; what came in since the erasure stays."""
    batch.db.execute("DELETE FROM changes WHERE kind != 'item' AND subject = ?", (user_id,))
    batch.db.execute("UPDATE erasures SET user_id = NULL WHERE user_id = ?", (user_id,))
