"""The live store: one SQLite file a host, written by every process that takes events in.

What is acknowledged is on disk: each call returns after the commit that holds its rows has been synced. Callers of one
process that write at the same time share a commit; processes wait for each other. When the disk is full or another
process holds the file too long, the call raises, nothing of it is kept, and the next call may succeed.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.serving.live import writes
from intentrec.serving.live.bell import Bell
from intentrec.serving.live.database import FILE, PATIENCE, connect, sqlite_errors
from intentrec.serving.live.encoding import event_row, micros, moment
from intentrec.serving.live.models import Added, ErasureStatus, Exposure, InterestEdit, Label, LiveEvent, LiveItem
from intentrec.serving.live.writer import Batch, Writer

T = TypeVar("T")


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class LiveStore:
    """What came in since the release. Safe from several processes and threads; open it after a fork, not before.

    Attributes:
        file: Where it is.
        clock: The time that rows are stamped with.
    """

    def __init__(self, file: Path, patience: float, clock: Callable[[], datetime]) -> None:
        self.file, self.clock = file, clock
        self._reader = connect(file, patience)
        self._reader.execute("PRAGMA query_only=ON").fetchall()
        self._reading = threading.Lock()
        self._bell = Bell(file.parent)
        self._writer = Writer(file, patience, self._bell.ring)

    @classmethod
    def open(cls, folder: Path, *, clock: Callable[[], datetime] = _wall_clock, patience: float = PATIENCE) -> Self:
        """Open or make the store of a workspace; `folder` is `live` in the workspace's folder.

        Args:
            patience: Seconds to wait for another process that is writing.

        Raises:
            WorkspaceError: The file is damaged, or the folder cannot be written.
        """
        return cls(folder / FILE, patience, clock)

    def add_events(self, events: Sequence[LiveEvent]) -> Added:
        """Keep events; they are on disk when this returns. One whose id is known already is a duplicate.

        Raises:
            WorkspaceError: The disk is full, or the file cannot be written; nothing was kept. So do all that write.
        """
        return self.queue_events(events).result()

    def queue_events(self, events: Sequence[LiveEvent]) -> "Future[Added]":
        """`add_events` for an event loop: `await asyncio.wrap_future(store.queue_events(events))`."""
        rows = [event_row(event) for event in events]

        def work(batch: Batch) -> Added:
            accepted = writes.add_events(batch, rows, micros(self.clock()))
            return Added(accepted=accepted, duplicates=len(rows) - accepted)

        return self.queue(work)

    def put_items(self, items: Sequence[LiveItem]) -> Added:
        """Keep items; each replaces an earlier one of its id."""
        self.write(lambda batch: writes.put_items(batch, items, micros(self.clock())))
        return Added(accepted=len(items), duplicates=0)

    def edit_interest(self, edit: InterestEdit) -> None:
        """Keep what a user wants changed about an interest; it replaces an earlier edit of the same interest."""
        named = edit.interest_id or ""
        self.write(lambda batch: writes.put_edit(batch, edit.user_id, named, edit, micros(self.clock())))

    def take_back_edit(self, user_id: str, interest_id: str) -> None:
        """Forget an edit: the interest stands again as it was written, an added one is gone."""
        self.write(lambda batch: writes.put_edit(batch, user_id, interest_id, None, micros(self.clock())))

    def add_labels(self, labels: Sequence[Label]) -> Added:
        """Keep judgements; each replaces an earlier one of its `label_id`."""
        self.write(lambda batch: writes.add_labels(batch, labels))
        return Added(accepted=len(labels), duplicates=0)

    def labels(self) -> list[Label]:
        """Judgements that are not in the table yet; they replace those of the table that have their `label_id`."""
        return [Label.model_validate_json(body) for (body,) in self.read("SELECT body FROM labels ORDER BY n")]

    def add_exposures(self, rows: Sequence[Exposure | Mapping[str, Any]]) -> Added:
        """Keep who was shown what."""
        exposures = [Exposure.model_validate(row) for row in rows]
        self.write(lambda batch: writes.add_exposures(batch, exposures))
        return Added(accepted=len(exposures), duplicates=0)

    def exposures(self) -> list[Exposure]:
        """Exposures that are not in the table yet."""
        return [Exposure.model_validate_json(body) for (body,) in self.read("SELECT body FROM exposures ORDER BY n")]

    def erase(self, user_id: str) -> str:
        """Forget a user at once, leave tables and bundles to the keeper, and return the receipt's random id.

        Asked again before the keeper has done it, the answer is the same receipt.
        """
        return self.write(lambda batch: writes.ask_erasure(batch, user_id, micros(self.clock())))

    def erasure(self, receipt_id: str) -> ErasureStatus:
        """How far an erasure is.

        Raises:
            NotFoundError: There is no such receipt.
        """
        columns = "receipt_id, state, asked_at, erased_at, done_at, rows, ledger_calls, failed"
        found = self.read(f"SELECT {columns} FROM erasures WHERE receipt_id = ?", (receipt_id,))
        if not found:
            raise NotFoundError(f"There is no receipt {receipt_id!r} of an erasure. Check the id.")
        named = dict(zip(columns.split(", "), found[0], strict=True))
        times = {name: named[name] and moment(named[name]) for name in ("asked_at", "erased_at", "done_at")}
        return ErasureStatus.model_validate(named | times | {"rows": orjson.loads(named["rows"])})

    def waiting(self, *, foreign: bool = True, after: int = 0) -> int:
        """How many events, items, labels and exposures are not in the tables yet.

        Args:
            foreign: Count those of other hosts, too.
            after: Count those with a greater number only.
        """
        moved = "n > :after AND state < 2 AND (foreign_ = 0 OR :foreign)"
        counts = [f"SELECT count(*) FROM {table} WHERE {moved}" for table in ("events", "items")]
        counts += [f"SELECT count(*) FROM {table} WHERE n > :after" for table in ("labels", "exposures")]
        return sum(int(self.read(count, {"foreign": foreign, "after": after})[0][0]) for count in counts)

    def vacuum(self) -> None:
        """Leave no byte of what was deleted in the file or its log. Writers wait while it copies the file.

        Raises:
            WorkspaceError: Another process is using the store without a pause; try again.
        """
        with sqlite_errors(self.file):
            connection = connect(self.file, PATIENCE)
            try:
                with self._reading:
                    connection.execute("VACUUM")
                    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.close()
        if busy:
            raise WorkspaceError(f"{self.file} is in use, so that deleted bytes may still stand in its log. Try again.")

    def write(self, work: Callable[[Batch], T]) -> T:
        """The result of a piece of work, part of one transaction, once it is on disk."""
        return self._writer.submit(work).result()

    def queue(self, work: Callable[[Batch], T]) -> "Future[T]":
        """`write` without waiting for it."""
        return self._writer.submit(work)

    def read(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Rows as one statement sees them."""
        with self._reading, sqlite_errors(self.file):
            return self._reader.execute(query, values).fetchall()

    def heard(self) -> bytes:
        """Other bytes after any commit of a `LiveStore`, of this process or another; a quarter of a microsecond."""
        return self._bell.heard()

    def data_version(self) -> int:
        """Another number after any commit of anybody; some microseconds."""
        with self._reading, sqlite_errors(self.file):
            return int(self._reader.execute("PRAGMA data_version").fetchone()[0])

    def fact(self, name: str, default: Any = None) -> Any:
        """A fact as it was last kept."""
        found = self.read("SELECT value FROM facts WHERE name = ?", (name,))
        return found[0][0] if found else default

    def close(self) -> None:
        """Finish what is queued and give the file back."""
        self._writer.close()
        with self._reading, suppress(sqlite3.Error):
            self._reader.close()
