"""What one process knows of the live store, beside one release."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from time import monotonic

import orjson

from intentrec.serving.live.coverage import LIVE, LIVE_ITEM, Coverage, Covering, values
from intentrec.serving.live.encoding import EVENT_COLUMNS, event_of, moment
from intentrec.serving.live.models import InterestEdit, LiveEvent, LiveItem, Refreshed
from intentrec.serving.live.store import LiveStore

_NEW = """
SELECT n, 'event', user_id FROM events WHERE n > :seen
UNION ALL SELECT n, kind, subject FROM changes WHERE n > :seen ORDER BY n
"""
_USERS = f"""
SELECT user_id, max(n) FROM (
    SELECT user_id, n FROM events WHERE state < 2
    UNION ALL SELECT user_id, n FROM events WHERE row > :last_row
    UNION ALL SELECT user_id, n FROM events WHERE timestamp >= :as_of AND {LIVE}
    UNION ALL SELECT user_id, n FROM edits WHERE body IS NOT NULL
    UNION ALL SELECT user_id, n FROM erasures WHERE user_id IS NOT NULL
) GROUP BY user_id
"""
_EVENTS_OF_USER = f"""
SELECT * FROM (
    SELECT n, row, {EVENT_COLUMNS} FROM events WHERE user_id = :user_id AND {LIVE}
    ORDER BY timestamp DESC, n DESC LIMIT :most
) ORDER BY timestamp, n
"""
_REMEMBERED = 1000
_TRUSTED = 1.0
"""Seconds after which SQLite is asked although nobody has rung: a process may have died between commit and bell."""


class LiveState:
    """Who and what is live beside one release. Make one for each ranking, so that both always fit together.

    It holds a number for each user of whom something is live and reads their rows when they are asked for.

    Attributes:
        items: Items that came in since the release, by id.
        items_version: Changes whenever `items` does.
        coverage: The `Meta` of the release.
    """

    def __init__(self, store: LiveStore, meta: Covering | None = None, most: int = 1000) -> None:
        """Read who and what is live.

        Args:
            meta: Of the release; without it everything that the store keeps counts as live.
            most: Latest events of a user that are looked at.
        """
        self._store, self._most = store, most
        self._lock = threading.Lock()
        self.items: Mapping[str, LiveItem] = {}
        self.items_version = 0
        self.covered_by(Coverage() if meta is None else meta)

    def covered_by(self, meta: Covering) -> None:
        """Count only what the release with this `Meta` does not contain."""
        with self._lock:
            self.coverage = meta
            self._values = values(meta)
            self._load()

    def _load(self) -> None:
        """What comes in while this reads is read again by the next `sync`."""
        self._heard, self._asked_at = self._store.heard(), monotonic()
        self._data_version = self._store.data_version()
        self._seen = int(self._store.fact("n", 0))
        self._versions: dict[str, int] = dict(self._store.read(_USERS, self._values))
        erased = self._store.read("SELECT user_id FROM erasures WHERE user_id IS NOT NULL")
        self._erased = {user_id for (user_id,) in erased}
        self._events: OrderedDict[str, tuple[int, list[LiveEvent]]] = OrderedDict()
        self.items, self._known_item = {}, 0
        self._read_items()

    def sync(self) -> None:
        """Learn what is new; some microseconds when nothing is. Call it once a request.

        Raises:
            WorkspaceError: The store cannot be read; what was known before still is.
        """
        heard, now = self._store.heard(), monotonic()
        if heard == self._heard and now - self._asked_at < _TRUSTED:
            return
        data_version = self._store.data_version()
        with self._lock:
            if data_version != self._data_version:
                self._catch_up(data_version)
            # Last: whoever sees these may rely on all that they stand for.
            self._heard, self._asked_at = heard, now

    def _catch_up(self, data_version: int) -> None:
        if self._seen < int(self._store.fact("changes_from", 0)):
            self._load()
            return
        self._take(self._store.read(_NEW, {"seen": self._seen}))
        self._data_version = data_version

    def _take(self, new: Sequence[tuple[int, str, str]]) -> None:
        touched = set()
        for n, kind, subject in new:
            if kind == "event":
                self._versions[subject] = n
            elif kind in ("user", "erased"):
                touched.add(subject)
                if kind == "erased":
                    self._erased.add(subject)
                    self._events.pop(subject, None)
        for user_id in touched:
            self._look_at(user_id, new[-1][0])
        kinds = {kind for _, kind, _ in new}
        if "items" in kinds:  # some are gone
            self.items, self._known_item = {}, 0
        if kinds & {"item", "items"}:
            self._read_items()
        if new:
            self._seen = new[-1][0]

    def _look_at(self, user_id: str, n: int) -> None:
        asked = self._values | {"user_id": user_id}
        live = f"SELECT 1 FROM events WHERE user_id = :user_id AND {LIVE}"
        edited = "SELECT 1 FROM edits WHERE user_id = :user_id AND body IS NOT NULL"
        if user_id in self._erased or self._store.read(f"{live} UNION ALL {edited} LIMIT 1", asked):
            self._versions[user_id] = n
        else:
            self._versions.pop(user_id, None)

    def _read_items(self) -> None:
        rows = self._store.read(
            f"SELECT n, body FROM items WHERE n > :known AND {LIVE_ITEM} ORDER BY n",
            self._values | {"known": self._known_item},
        )
        items = [LiveItem.model_validate_json(body) for _, body in rows]
        self.items = {**self.items, **{item.item_id: item for item in items}}
        self._known_item = max((n for n, _ in rows), default=self._known_item)
        self.items_version += 1

    def version(self, user_id: str) -> int:
        """Grows with everything that comes in about a user; 0 when nothing is live."""
        return self._versions.get(user_id, 0)

    def events(self, user_id: str) -> Sequence[LiveEvent]:
        """The user's live events, oldest first."""
        version = self.version(user_id)
        if not version:
            return []
        with self._lock:
            known = self._events.get(user_id)
            if known is None or known[0] != version:
                known = version, [event for _, event in self.numbered(user_id)]
                self._events[user_id] = known
                if len(self._events) > _REMEMBERED:
                    self._events.popitem(last=False)
            return known[1]

    def numbered(self, user_id: str) -> Sequence[tuple[int, LiveEvent]]:
        """`events` with their `row` in the events table; where they have none yet, below zero (see `Refreshed`)."""
        if not self.version(user_id):
            return []
        rows = self._store.read(_EVENTS_OF_USER, self._values | {"user_id": user_id, "most": self._most})
        return [(-n if row is None else row, event_of(tuple(rest))) for n, row, *rest in rows]

    def edits(self, user_id: str) -> Sequence[InterestEdit]:
        """What the user wants changed, oldest first, at most one an interest."""
        if not self.version(user_id):
            return []
        rows = self._store.read("SELECT body FROM edits WHERE user_id = ? AND body IS NOT NULL ORDER BY n", (user_id,))
        return [InterestEdit.model_validate_json(body) for (body,) in rows]

    def refreshed(self, user_id: str) -> Refreshed | None:
        """Interests, tags and profile made since the release; None where they are as the release has them."""
        if not self.version(user_id):
            return None
        rows = self._store.read(
            "SELECT user_id, at, until, body FROM refreshed WHERE user_id = :user_id AND EXISTS "
            f"(SELECT 1 FROM events WHERE user_id = :user_id AND n <= until AND {LIVE})",
            self._values | {"user_id": user_id},
        )
        return self._refreshed(rows[0]) if rows else None

    def _refreshed(self, row: tuple[str, int, int, str]) -> Refreshed:
        user_id, at, until, body = row
        made = orjson.loads(body)
        drained = "SELECT -n, row FROM events WHERE user_id = ? AND row IS NOT NULL"
        rows = dict(self._store.read(drained, (user_id,)))
        for interest in made["interests"]:
            interest["evidence"] = [rows.get(row, row) for row in interest["evidence"]]
        for line in made["profile"]["lines"]:
            line["rows"] = [rows.get(row, row) for row in line["rows"]]
        return Refreshed(user_id=user_id, at=moment(at), until=until, **made)

    def is_erased(self, user_id: str) -> bool:
        """Whether what the release holds about the user must not be used any more."""
        return user_id in self._erased
