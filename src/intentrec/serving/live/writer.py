"""Group commit: callers that write at the same time share one transaction and one sync of the disk."""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from intentrec.errors import WorkspaceError
from intentrec.serving.live.database import connect, sqlite_errors

T = TypeVar("T")
_MOST = 1000  # jobs in one transaction; bounds how long the first of them waits


class Batch:
    """One transaction that is under way."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        row = db.execute("SELECT value FROM facts WHERE name = 'n'").fetchone()
        self.last = 0 if row is None else int(row[0])

    def take(self, count: int = 1) -> int:
        """The first of `count` fresh numbers."""
        self.last += count
        return self.last - count + 1

    def changed(self, kind: str, subject: str) -> int:
        """Tell readers that something other than a new event came in about a user or an item; its number."""
        n = self.take()
        self.db.execute("INSERT INTO changes (n, kind, subject) VALUES (?, ?, ?)", (n, kind, subject))
        return n

    def keep(self, name: str, value: Any) -> None:
        """Set a fact."""
        self.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def keep_greatest(self, name: str, value: int) -> None:
        """Set a fact that never becomes smaller."""
        self.db.execute(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value "
            "WHERE excluded.value > value",
            (name, value),
        )


@dataclass(frozen=True)
class _Job:
    work: Callable[[Batch], Any]
    future: "Future[Any]"


class Writer:
    """Runs jobs in the order they come, in a thread of its own that starts with the first.

    Args:
        committed: Called after each commit, before anybody is told that it is done.
    """

    def __init__(self, file: Path, patience: float, committed: Callable[[], None] = lambda: None) -> None:
        self._file, self._patience, self._committed = file, patience, committed
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._db: sqlite3.Connection | None = None

    def submit(self, work: Callable[[Batch], T]) -> "Future[T]":
        """The result of `work` once it is on disk, or why it is not there.

        Raises:
            WorkspaceError: The store is closed.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise WorkspaceError(f"The live store {self._file} is closed; open it again.")
            self._queue.put(_Job(work, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-writer", daemon=True)
                self._thread.start()
        return future

    def close(self) -> None:
        """Finish what was submitted."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            jobs = self._next()
            open_ = jobs[-1] is not None
            self._commit([job for job in jobs if job is not None and job.future.set_running_or_notify_cancel()])
        self._disconnect()

    def _next(self) -> list[_Job | None]:
        jobs = [self._queue.get()]
        with contextlib.suppress(queue.Empty):
            while jobs[-1] is not None and len(jobs) < _MOST:
                jobs.append(self._queue.get_nowait())
        return jobs

    def _commit(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            results = self._transaction(jobs)
        except WorkspaceError as error:
            for job in jobs:
                job.future.set_exception(error)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
                return
            for job in jobs:  # one bad job must not fail the others
                self._commit([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.future.set_result(result)

    def _transaction(self, jobs: list[_Job]) -> list[Any]:
        try:
            with sqlite_errors(self._file):
                if self._db is None:
                    self._db = connect(self._file, self._patience)
                # IMMEDIATE takes the write lock at once, so that a reader is never upgraded and refused.
                self._db.execute("BEGIN IMMEDIATE")
                batch = Batch(self._db)
                results = [job.work(batch) for job in jobs]
                batch.keep("n", batch.last)
                self._db.execute("COMMIT")
                self._committed()
                return results
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        """A connection that failed is not trusted again; closing it rolls back."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
