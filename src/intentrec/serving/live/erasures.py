"""Erasures, from the wish to the last byte.

1. The wish deletes what is live about the user; no process uses what the release holds about the user any more.
2. The tables and releases are written anew, the bundle too, and all other bundles are unlinked. A worker that still
   maps one lets go of it when it opens the new one.
3. When every worker has had the time to do that, the store forgets the id, and Redis what it holds of the user.
4. The store's file is copied without the deleted bytes. What stays is the receipt: a random id, counts and times.

Killed anywhere, it goes on with the step that was not finished.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import orjson

from intentrec.errors import IntentrecError
from intentrec.llm import Ledger
from intentrec.pipeline.ingest import next_row
from intentrec.serving.live.encoding import micros
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.serving.live.writes import forget_user
from intentrec.workspace import EraseReceipt, Workspace, erase_user

Export = Callable[[Workspace], Path]


@dataclass(frozen=True)
class Erasures:
    """Does what is left of every erasure.

    Attributes:
        export: Makes the bundle of the current release.
        shared: Removes a user's rows from where other hosts read them; whether nothing is left of them there.
        grace: How long a worker may need to open a new bundle.
    """

    workspace: Workspace
    store: LiveStore
    export: Export
    shared: Callable[[str], bool]
    grace: timedelta

    def step(self, now: datetime) -> dict[str, int]:
        """One round; users erased from the tables, and users of whom nothing is left.

        Raises:
            WorkspaceBusy: Another process is writing to the workspace.
        """
        counts = {"erased": self._erase(now), "forgotten": self._forget(now)}
        return {name: n for name, n in counts.items() if n}

    def _erase(self, now: datetime) -> int:
        jobs = self.store.read("SELECT receipt_id, user_id FROM erasures WHERE state = 'waiting' ORDER BY n")
        if not jobs:
            return 0
        try:
            self._clear(jobs, now)
        except IntentrecError as error:
            self.store.write(partial(_failed, why=str(error)))
            raise
        return len(jobs)

    def _clear(self, jobs: Sequence[tuple[str, str]], now: datetime) -> None:
        last = next_row(self.workspace) - 1
        self.store.write(lambda batch: batch.keep_greatest("last_row", last))
        for receipt_id, user_id in jobs:
            done = erase_user(self.workspace, user_id, now, erase_calls)
            self.store.write(partial(_note, receipt_id=receipt_id, done=done))
        self._renew_bundles()
        at, receipts = micros(self.store.clock()), [receipt_id for receipt_id, _ in jobs]  # this may have taken long
        self.store.write(lambda batch: _erased(batch, receipts, at))

    def _renew_bundles(self) -> None:
        home = self.workspace.root / "bundles"
        if not home.is_dir():
            return
        kept = self.export(self.workspace) if self.workspace.releases.current() else None
        for folder in home.iterdir():
            if folder.is_dir() and folder != kept:
                shutil.rmtree(folder)

    def _forget(self, now: datetime) -> int:
        due = micros(now - self.grace)
        jobs = self.store.read(
            "SELECT user_id FROM erasures WHERE state = 'erased' AND user_id IS NOT NULL AND erased_at <= ?", (due,)
        )
        for (user_id,) in jobs:
            if self.shared(user_id):
                self.store.write(partial(forget_user, user_id=user_id))
        ready = self.store.read("SELECT receipt_id FROM erasures WHERE state = 'erased' AND user_id IS NULL")
        if not ready:
            return 0
        self.store.vacuum()
        at = micros(now)
        done = "UPDATE erasures SET state = 'done', done_at = ? WHERE receipt_id = ?"
        self.store.write(lambda batch: batch.db.executemany(done, [(at, of) for (of,) in ready]).rowcount)
        return len(ready)


def _note(batch: Batch, receipt_id: str, done: EraseReceipt) -> None:
    """Add what was removed; a second round after a kill finds only the rest."""
    old = batch.db.execute("SELECT rows FROM erasures WHERE receipt_id = ?", (receipt_id,)).fetchone()[0]
    rows = orjson.loads(old)
    for table, n in done.rows.items():
        if n:
            rows[table] = rows.get(table, 0) + n
    batch.db.execute(
        "UPDATE erasures SET rows = ?, ledger_calls = ledger_calls + ? WHERE receipt_id = ?",
        (orjson.dumps(rows).decode(), done.ledger_calls, receipt_id),
    )


def _failed(batch: Batch, why: str) -> None:
    batch.db.execute("UPDATE erasures SET failed = ? WHERE state = 'waiting'", (why,))


def _erased(batch: Batch, receipts: list[str], at: int) -> None:
    erased = "UPDATE erasures SET state = 'erased', erased_at = ?, failed = NULL WHERE receipt_id = ?"
    batch.db.executemany(erased, [(at, receipt_id) for receipt_id in receipts])


def erase_calls(ledger: Path, user_id: str) -> int:
    """Remove a user's calls from a ledger; how many there were."""
    opened = Ledger(ledger)
    try:
        return opened.erase(user_id)
    finally:
        opened.close()
