"""The file of the live store: its tables, how it is opened, and what its errors mean."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intentrec.errors import WorkspaceError
from intentrec.workspace.files import disk_errors

FOLDER, FILE = "live", "live.sqlite"
PATIENCE = 10.0
"""Seconds to wait for another process that is writing."""
WAITING, MOVING, DRAINED, REFUSED = range(4)
"""States of an event: not in the tables; perhaps (a drain was at it); at `row`; in the quarantine."""
_VERSION = 1

# Every row has a number `n` from one counter, given in the order of commits: who has seen n has seen all before it.
# Times are microseconds since 1970. `foreign_` marks what another host accepted.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    n INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, timestamp INTEGER NOT NULL,
    event TEXT NOT NULL, item_id TEXT, query TEXT, weight REAL, value REAL, at INTEGER NOT NULL,
    foreign_ INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, row INTEGER, drained_at INTEGER
);
CREATE INDEX IF NOT EXISTS events_of_user ON events (user_id, n);
CREATE INDEX IF NOT EXISTS events_outside ON events (n) WHERE state < 2;
CREATE INDEX IF NOT EXISTS events_by_row ON events (row) WHERE row IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_by_time ON events (timestamp);
CREATE TABLE IF NOT EXISTS items (
    item_id TEXT PRIMARY KEY, n INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
    foreign_ INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, drained_at INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edits (
    user_id TEXT NOT NULL, interest_id TEXT NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT,
    foreign_ INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (user_id, interest_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refreshed (
    user_id TEXT PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (
    label_id TEXT PRIMARY KEY, n INTEGER NOT NULL, subject TEXT NOT NULL, user_id TEXT, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exposures (n INTEGER PRIMARY KEY, user_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS erasures (
    receipt_id TEXT PRIMARY KEY, n INTEGER NOT NULL, user_id TEXT, state TEXT NOT NULL, asked_at INTEGER NOT NULL,
    erased_at INTEGER, done_at INTEGER, rows TEXT NOT NULL, ledger_calls INTEGER NOT NULL DEFAULT 0, failed TEXT,
    foreign_ INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL);
"""


def connect(file: Path, patience: float) -> sqlite3.Connection:
    """A connection to the store, which is made where it is missing.

    Raises:
        WorkspaceError: The file is damaged or of a newer format, or its folder cannot be written.
    """
    with sqlite_errors(file), disk_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            with _one_at_a_time(file.parent):
                _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def take_watch(folder: Path) -> int | None:
    """A descriptor that makes its holder the keeper of the store, until it is closed; None while there is another."""
    descriptor = os.open(folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two processes that both make the file would refuse each other."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection) -> None:
    # FULL: what is acknowledged outlives a loss of power. secure_delete: erased text is overwritten.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise sqlite3.DatabaseError(f"it has format {version}, and this intentrec knows {_VERSION}")
    if version < _VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")


@contextmanager
def sqlite_errors(file: Path) -> Iterator[None]:
    """Turn what SQLite says into one clear sentence.

    Raises:
        WorkspaceError: Instead of any error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise WorkspaceError(_sentence(file, error)) from error


def _sentence(file: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"The disk that holds {file} is full, so nothing of this was kept: free some space and send it again."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"Another process held {file} for too long, so nothing of this was kept: send it again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"Cannot write {file}: {error}. Check that its folder exists and that you may write to it."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"The live store {file} is damaged ({error}). Stop the server and move the file away or restore it from a "
            "backup; what is in the tables is safe, events that were not drained yet are only in this file."
        )
    return f"The live store {file} cannot be used: {error}. Nothing of this was kept."
