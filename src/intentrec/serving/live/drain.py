"""Live rows into the tables, through the same checks and the same quarantine as files.

Killed at any moment, nothing is lost and nothing is stored twice: events are marked before the table is written, and
`settle` finds out what became of marked ones; items and labels replace rows of their id; an exposure that is stored
already is passed over.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from intentrec.config import Config
from intentrec.data.source import Source
from intentrec.pipeline.ingest import Taken, ingest_sources
from intentrec.serving.live.database import DRAINED, MOVING
from intentrec.serving.live.encoding import EVENT_COLUMNS, micros
from intentrec.serving.live.frames import SOURCE, events_frame
from intentrec.serving.live.moves import move_exposures, move_items, move_labels
from intentrec.serving.live.settle import NumberedRow, id_column, mark, settle, stored_rows
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.workspace import Workspace

_AT_ONCE = 50_000
_AHEAD = timedelta(days=1)
_WHOSE = {"own": "foreign_ = 0", "all": "TRUE"}
_WAITING = f"""
SELECT n, {EVENT_COLUMNS} FROM events
WHERE state < {DRAINED} AND {{whose}} AND n > :after AND n <= :until AND (timestamp <= :now OR timestamp > :ahead)
AND user_id NOT IN (SELECT user_id FROM erasures WHERE user_id IS NOT NULL)
ORDER BY n LIMIT {_AT_ONCE}
"""


@dataclass(frozen=True)
class Drain:
    """Moves what waits in a store to the tables of its workspace.

    Attributes:
        clock: Now; asked while the workspace is held.
        patience: As of `Workspace.writing`.
    """

    workspace: Workspace
    config: Config
    store: LiveStore
    clock: Callable[[], datetime]
    patience: float = 0.0

    def run(self) -> dict[str, int]:
        """Move everything that waits: rows by what became of them, as in {"events": 120, "refused": 2}.

        An event whose time has not come waits until it has, unless that is more than a day: then it is refused.

        Raises:
            WorkspaceBusy: Another process is writing to the workspace; nothing was moved.
        """
        drains = self.config.serving.redis_drain
        if drains == "none" or not self.store.waiting(foreign=drains == "all"):
            return {}
        with self.workspace.writing(self.patience):
            counts = Counter(move_items(self.workspace, self._settings, self.store, self.clock(), self._whose))
            counts["labels"] = move_labels(self.workspace, self.store)
            counts["exposures"] = move_exposures(self.workspace, self.store)
            if self.workspace.tables.exists("items"):
                settle(self.workspace, self.store, self.clock())
                for rows in self._blocks():
                    counts.update(self._move(rows))
        return {name: n for name, n in counts.items() if n}

    @property
    def _whose(self) -> str:
        return _WHOSE[self.config.serving.redis_drain]

    @property
    def _settings(self) -> Config:
        """Rows have our names and were checked one by one: no share of bad ones is too large."""
        data = self.config.data.model_copy(update={"max_bad_share": 1.0, "rename": {}})
        return self.config.model_copy(update={"data": data})

    def _blocks(self) -> Iterator[list[NumberedRow]]:
        after, until, now = 0, int(self.store.fact("n", 0)), self.clock()
        asked = {"until": until, "now": micros(now), "ahead": micros(now + _AHEAD)}
        while rows := self.store.read(_WAITING.format(whose=self._whose), asked | {"after": after}):
            yield rows
            after = rows[-1][0]

    def _move(self, rows: list[NumberedRow]) -> dict[str, int]:
        self.store.write(lambda batch: _begin(batch, rows))
        name = id_column(self.workspace)
        frame = events_frame([row[1:] for row in rows], name)
        source = Source(Path(SOURCE), frame, lines=pl.Series([row[0] for row in rows], dtype=pl.Int64))
        first, now = int(self.store.fact("last_row", -1)) + 1, self.clock()
        taken = ingest_sources(self.workspace, self._settings, "events", [source], now=now, first_row=first)
        return self._finish(rows, taken, name)

    def _finish(self, rows: Sequence[NumberedRow], taken: Taken, name: str) -> dict[str, int]:
        new = dict(taken.stored.select(name, "row").iter_rows())
        refused = set(taken.quarantine["line"])
        drained = {row[0]: new[row[1]] for row in rows if row[1] in new}
        rest = [row for row in rows if row[0] not in drained and row[0] not in refused]
        again = stored_rows(self.workspace, rest) if rest else {}
        users = {row[2] for row in rows if row[0] in refused or row[0] in again}
        now = self.clock()
        self.store.write(lambda batch: mark(batch, drained | again, refused, users, now))
        return {"events": len(drained), "again": len(again), "refused": len(refused)}


def _begin(batch: Batch, rows: Sequence[NumberedRow]) -> None:
    batch.db.executemany(f"UPDATE events SET state = {MOVING} WHERE n = ?", ((row[0],) for row in rows))
