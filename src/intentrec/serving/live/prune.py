"""What the store, the bundles and the tables need not keep any longer."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from intentrec.config import Config
from intentrec.errors import WorkspaceBusy
from intentrec.serving.live.coverage import Coverage
from intentrec.serving.live.encoding import micros
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.workspace import Workspace

_AT_ONCE = 5000  # rows in one transaction: writers wait no longer than it takes
_BUNDLES_KEPT = 3
_FILES = 100  # of one table; every drain adds one
_GROWING = ("events", "exposures", "quarantine")
# A round's time is taken before it holds the workspace: a release of that very moment may not have the round's rows.
_ROUND = timedelta(hours=1)
_OLD_EVENTS = """
n < :before AND at < :ids AND (
    state = 3
    OR (state = 2 AND drained_at < :drained AND row <= :last_row AND timestamp < :as_of)
    OR (state < 2 AND at < :kept AND (foreign_ OR n <= :published) AND NOT :drains_all AND (foreign_ OR NOT :drains))
)
"""
_OLD_ITEMS = """
(state = 2 AND drained_at < :drained AND drained_at < :created_at) OR (state = 3 AND at < :kept)
OR (state < 2 AND at < :kept AND foreign_ AND NOT :drains_all)
"""


@dataclass(frozen=True)
class Pruning:
    """Deletes what is in the release that is served, and in every one that a rollback may go back to."""

    workspace: Workspace
    config: Config
    store: LiveStore

    def step(self, now: datetime, bundle: Path | None) -> dict[str, int]:
        """One round; how much was deleted.

        Args:
            bundle: Of the current release; it is kept.
        """
        asked = self._values(now)
        counts = {
            "pruned": self._events(asked) + self._others(asked),
            "bundles": 0 if bundle is None else _prune_bundles(bundle, now),
            "compacted": self._compact(),
        }
        self.store.write(_prune_changes)
        return {name: n for name, n in counts.items() if n}

    def _values(self, now: datetime) -> dict[str, int]:
        serving = self.config.serving
        kept = now - timedelta(days=serving.live_days)
        coverage = self._coverage(kept)
        return {
            "kept": micros(kept),
            "ids": micros(now - timedelta(days=serving.event_id_days)),
            "drained": micros(kept - _ROUND),
            "last_row": coverage.last_row,
            "as_of": micros(coverage.as_of),
            "created_at": micros(coverage.created_at),
            "published": int(self.store.fact("published", 0)),
            "drains": serving.redis_drain != "none",
            "drains_all": serving.redis_drain == "all",
        }

    def _coverage(self, kept: datetime) -> Coverage:
        """What the current release and all those published since cover.

        What was drained before a release was published is in its table, so only their `as_of` differ.
        """
        current = self.workspace.releases.current()
        if current is None:
            return Coverage()
        lately = [manifest for manifest in self.workspace.releases.list() if manifest.created_at >= kept]
        coverage = Coverage.of(self.workspace, current)
        as_of = min([coverage.as_of, *(manifest.as_of for manifest in lately)])
        return Coverage(as_of.astimezone(UTC), coverage.created_at, coverage.last_row)

    def _events(self, asked: Mapping[str, int]) -> int:
        """Rows are numbered as they came in: those from the first young one on are not looked at."""
        young = self.store.read("SELECT n FROM events WHERE at >= :ids ORDER BY n LIMIT 1", asked)
        values = dict(asked) | {"before": young[0][0] if young else int(self.store.fact("n", 0)) + 1}
        deleted, last = 0, _AT_ONCE
        while last == _AT_ONCE:
            last = self.store.write(partial(_delete_events, values=values))
            deleted += last
        return deleted

    def _others(self, asked: Mapping[str, int]) -> int:
        return self.store.write(partial(_delete_others, values=asked))

    def _compact(self) -> int:
        with suppress(WorkspaceBusy), self.workspace.writing():
            return sum(self.workspace.tables.compact(name, _FILES) for name in _GROWING)
        return 0


def _delete_events(batch: Batch, values: Mapping[str, int]) -> int:
    some = f"SELECT n FROM events WHERE {_OLD_EVENTS} ORDER BY n LIMIT {_AT_ONCE}"
    return batch.db.execute(f"DELETE FROM events WHERE n IN ({some})", values).rowcount


def _delete_others(batch: Batch, values: Mapping[str, int]) -> int:
    items = batch.db.execute(f"DELETE FROM items WHERE {_OLD_ITEMS}", values).rowcount
    batch.db.execute("DELETE FROM refreshed WHERE at < :kept", values)
    for table in ("labels", "exposures"):  # another host writes them into tables
        batch.db.execute(f"DELETE FROM {table} WHERE n <= :published AND NOT :drains", values)
    batch.db.execute("DELETE FROM edits WHERE body IS NULL AND at < :kept", values)
    return items


def _prune_changes(batch: Batch) -> None:
    """Those that were there at the last round; a reader that has not read them reads everything anew."""
    row = batch.db.execute("SELECT value FROM facts WHERE name = 'pruned_at'").fetchone()
    boundary = 0 if row is None else int(row[0])
    batch.db.execute("DELETE FROM changes WHERE n <= ?", (boundary,))
    batch.keep("changes_from", boundary)
    batch.keep("pruned_at", batch.last)


def _prune_bundles(current: Path, now: datetime) -> int:
    """All but the latest few; workers that map an older one keep it until they let go."""
    folders = sorted(
        (folder for folder in current.parent.iterdir() if folder.is_dir() and folder != current),
        key=lambda folder: folder.stat().st_mtime,
        reverse=True,
    )
    visible = [folder for folder in folders if not folder.name.startswith(".")]
    yesterday = (now - timedelta(days=1)).timestamp()
    left = [folder for folder in folders if folder.name.startswith(".") and folder.stat().st_mtime < yesterday]
    gone = [*visible[_BUNDLES_KEPT - 1 :], *left]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return len(gone)
