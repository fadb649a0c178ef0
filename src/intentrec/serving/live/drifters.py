"""Whose intent has drifted since the release, or since the last refresh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import polars as pl

from intentrec.config import Config
from intentrec.serving.live.coverage import LIVE, Coverage, values
from intentrec.serving.live.database import DRAINED
from intentrec.serving.live.drift import drift
from intentrec.serving.live.encoding import EVENT_COLUMNS, micros
from intentrec.serving.live.frames import events_frame
from intentrec.serving.live.store import LiveStore
from intentrec.tables import EVENTS
from intentrec.workspace import Workspace

_COLUMNS = EVENTS.schema.names()
# Users of whom something came in after `seen`, with enough new events: new is what the last refresh does not know.
_CANDIDATES = f"""
SELECT e.user_id FROM events e LEFT JOIN refreshed r ON r.user_id = e.user_id
WHERE e.user_id IN (SELECT user_id FROM events WHERE n > :seen) AND e.n > coalesce(r.until, 0)
AND e.item_id IS NOT NULL AND e.event IN (SELECT value FROM json_each(:kinds)) AND timestamp < :now AND {LIVE}
AND e.user_id NOT IN (SELECT user_id FROM erasures WHERE user_id IS NOT NULL)
GROUP BY e.user_id HAVING count(*) >= :least
"""
_LIVE_OF_USERS = f"""
SELECT e.user_id, e.n, row, e.n > coalesce(r.until, 0) FROM events e LEFT JOIN refreshed r ON r.user_id = e.user_id
WHERE e.user_id IN (SELECT value FROM json_each(:users)) AND timestamp < :now AND {LIVE}
"""
_OUTSIDE = f"""
SELECT -n, {EVENT_COLUMNS} FROM events
WHERE user_id IN (SELECT value FROM json_each(:users)) AND timestamp < :now AND state < {DRAINED}
"""


@dataclass(frozen=True)
class Histories:
    """All events of some users, live ones included.

    Attributes:
        events: Rows of `EVENTS`; those that are in no table have minus their number as `row`.
        new: Rows that the release does not know, nor the last refresh.
        until: By user, the number of the latest live event.
    """

    events: pl.DataFrame
    new: frozenset[int]
    until: Mapping[str, int]


def candidates(store: LiveStore, config: Config, coverage: Coverage, seen: int, now: datetime) -> list[str]:
    """Users who have enough new events to be asked about, and any after number `seen`."""
    kinds, least = config.events.named("intent"), config.serving.drift_events
    asked = {"seen": seen, "kinds": orjson.dumps(kinds).decode(), "least": least, "now": micros(now)}
    return sorted(user_id for (user_id,) in store.read(_CANDIDATES, values(coverage) | asked))


def histories(
    workspace: Workspace, store: LiveStore, coverage: Coverage, users: Sequence[str], now: datetime
) -> Histories:
    """Everything that some users did before a time."""
    asked = values(coverage) | {"users": orjson.dumps(users).decode(), "now": micros(now)}
    rows = store.read(_LIVE_OF_USERS, asked)
    until: dict[str, int] = {}
    for user_id, n, _, _ in rows:
        until[user_id] = max(n, until.get(user_id, 0))
    new = frozenset(-n if row is None else row for _, n, row, is_new in rows if is_new)
    return Histories(pl.concat([_stored(workspace, users, now), _outside(store, asked)]), new, until)


def _stored(workspace: Workspace, users: Sequence[str], now: datetime) -> pl.DataFrame:
    if not workspace.tables.exists("events"):
        return EVENTS.empty()
    mine = pl.col("user_id").is_in(list(users)), pl.col("timestamp") < now
    return EVENTS.check(workspace.tables.scan("events").filter(*mine).collect()).select(_COLUMNS)


def _outside(store: LiveStore, asked: Mapping[str, object]) -> pl.DataFrame:
    rows = store.read(_OUTSIDE, asked)
    frame = events_frame([row[1:] for row in rows], "event_id").drop("event_id")
    return frame.with_columns(row=pl.Series([row[0] for row in rows], dtype=pl.Int64)).select(_COLUMNS)


def drifters(found: Histories, categories: Mapping[str, str], config: Config) -> list[str]:
    """Users whose latest events of intent are far from as many before them.

    Args:
        categories: Item -> category; events of other items are passed over.
    """
    intent = found.events.filter(pl.col("event").is_in(config.events.named("intent")))
    known = intent.filter(pl.col("item_id").is_in(list(categories))).sort("timestamp", "row")
    before: dict[str, list[str]] = {}
    now: dict[str, list[str]] = {}
    for user_id, item_id, row in known.select("user_id", "item_id", "row").iter_rows():
        (now if row in found.new else before).setdefault(user_id, []).append(categories[item_id])
    limit, least = config.serving.drift_threshold, config.serving.drift_events
    return [
        user_id
        for user_id, latest in sorted(now.items())
        if len(latest) >= least and drift(before.get(user_id, [])[-len(latest) :], latest) > limit
    ]
