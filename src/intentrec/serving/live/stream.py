"""Live rows as entries of a Redis stream, out of one store and into another.

An entry has the host that accepted the row (`h`), what it is (`k`), whom it is about (`u`), when it was accepted in
microseconds (`a`), and the row as JSON (`b`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from intentrec.serving.live.encoding import EVENT_COLUMNS, event_of, event_row
from intentrec.serving.live.models import Exposure, InterestEdit, Label, LiveEvent, LiveItem
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.serving.live.writes import add_events, add_exposures, add_labels, ask_erasure, put_edit, put_items

_AT_ONCE = 500
_OUTBOX = f"""
SELECT n, 'event', user_id, at, {EVENT_COLUMNS} FROM events WHERE n > :after AND foreign_ = 0
UNION ALL
SELECT n, 'item', '', at, item_id, body, NULL, NULL, NULL, NULL, NULL, NULL FROM items WHERE n > :after AND foreign_ = 0
UNION ALL
SELECT n, 'edit', user_id, at, interest_id, body, NULL, NULL, NULL, NULL, NULL, NULL
FROM edits WHERE n > :after AND foreign_ = 0
UNION ALL
SELECT n, 'erase', user_id, asked_at, receipt_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM erasures WHERE n > :after AND foreign_ = 0 AND user_id IS NOT NULL
UNION ALL
SELECT n, 'label', coalesce(user_id, subject), 0, body, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM labels WHERE n > :after AND :tables
UNION ALL
SELECT n, 'exposure', user_id, 0, body, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM exposures WHERE n > :after AND :tables
ORDER BY 1 LIMIT {_AT_ONCE}
"""
Fields = Mapping[bytes, bytes]


@dataclass(frozen=True)
class Outgoing:
    """A row on its way out; `n` is its number in the store."""

    n: int
    fields: dict[str, str]


def outgoing(store: LiveStore, host: str, after: int, *, tables: bool) -> list[Outgoing]:
    """The next rows that were accepted here, in the order they came.

    Args:
        tables: With labels and exposures, which only go into tables: where another host writes those.
    """
    rows = store.read(_OUTBOX, {"after": after, "tables": tables})
    return [
        Outgoing(n, {"h": host, "k": kind, "u": user_id, "a": str(at), "b": _body(kind, rest)})
        for n, kind, user_id, at, *rest in rows
    ]


def _body(kind: str, rest: list[Any]) -> str:
    if kind == "event":
        return event_of(tuple(rest)).model_dump_json()
    if kind == "edit":
        return orjson.dumps({"interest_id": rest[0], "edit": rest[1]}).decode()
    return str(rest[1] if kind == "item" else rest[0])  # of an item the body, of an erasure the receipt


def take(batch: Batch, fields: Fields, *, tables: bool) -> None:
    """Keep a row of another host. What is known already changes nothing.

    Args:
        tables: Keep labels and exposures: where this host writes the tables of all.
    """
    kind, user_id, at, body = (fields[name].decode() for name in (b"k", b"u", b"a", b"b"))
    if kind == "event":
        _take_event(batch, LiveEvent.model_validate_json(body), int(at))
    elif kind == "item":
        put_items(batch, [LiveItem.model_validate_json(body)], int(at), foreign=True)
    elif kind == "edit":
        given = orjson.loads(body)
        edit = given["edit"] and InterestEdit.model_validate_json(given["edit"])
        put_edit(batch, user_id, given["interest_id"], edit, int(at), foreign=True)
    elif kind == "erase":
        known = batch.db.execute("SELECT 1 FROM erasures WHERE receipt_id = ?", (body,)).fetchone()
        if known is None:
            ask_erasure(batch, user_id, int(at), receipt=body, before=int(at))
    elif not tables or batch.db.execute("SELECT 1 FROM erasures WHERE user_id = ?", (user_id,)).fetchone():
        return
    elif kind == "label":
        add_labels(batch, [Label.model_validate_json(body)])
    elif kind == "exposure":
        add_exposures(batch, [Exposure.model_validate_json(body)])


def _take_event(batch: Batch, event: LiveEvent, at: int) -> None:
    """An event that was accepted before its user was erased and comes late is not kept."""
    erased = "SELECT 1 FROM erasures WHERE user_id = ? AND asked_at >= ?"
    if batch.db.execute(erased, (event.user_id, at)).fetchone() is None:
        add_events(batch, [event_row(event)], at, foreign=True)
