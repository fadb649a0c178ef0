"""Every call to a language model, stored under the hash of what was asked.

That gives cache, resume, cost, audit and erasure at once. Answers are stored as the raw text that came, and are
checked again when they are read: what is right is decided by the schema of today, what was paid for stays.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from intentrec.errors import WorkspaceError
from intentrec.llm.messages import Request

Status = Literal["ok", "wrong", "refused"]

_PATIENCE = 60.0  # seconds to wait for another process that holds the file
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    hash TEXT NOT NULL, n INTEGER NOT NULL, stage TEXT NOT NULL, prompt_version TEXT NOT NULL, model TEXT NOT NULL,
    request TEXT NOT NULL, answer TEXT NOT NULL, cut INTEGER NOT NULL, status TEXT NOT NULL, error TEXT,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, usd REAL NOT NULL, created_at TEXT NOT NULL,
    PRIMARY KEY (hash, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subjects (
    hash TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (subject, hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subjects_of_call ON subjects (hash);
"""


@dataclass(frozen=True)
class Answer:
    """What a model said, and what that took."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool = False
    """Whether it was stopped at its longest length."""


@dataclass(frozen=True)
class Call:
    """One row of the audit: a call as it was made.

    Attributes:
        n: From 1; higher where the same question was asked again because its answer was wrong.
        request: Canonical JSON of what was asked.
        status: Of the answer when it came: ok, wrong (does not fit the schema), refused (no answer).
    """

    hash: str
    n: int
    stage: str
    prompt_version: str
    model: str
    request: str
    answer: str
    cut: bool
    status: Status
    error: str | None
    prompt_tokens: int
    completion_tokens: int
    usd: float
    created_at: datetime


_COLUMNS = tuple(field.name for field in fields(Call))


@dataclass(frozen=True)
class Total:
    """What one model was paid for one stage since the ledger began."""

    stage: str
    model: str
    calls: int
    wrong: int
    prompt_tokens: int
    completion_tokens: int
    usd: float


def canonical(request: Request, model: str, decoding: dict[str, Any]) -> str:
    """What is asked, as JSON: the text that the key is the hash of. The subject is no part of it.

    Keys keep the order they were given in, because the order of a schema's properties is the order in which the
    model writes them.
    """
    asked = {
        "stage": request.stage,
        "prompt_version": request.prompt_version,
        "model": model,
        "decoding": decoding | {"max_tokens": request.max_tokens},
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "schema": request.answer_schema,
    }
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":"))


def key_of(asked: str) -> str:
    """The ledger's key of a canonical request."""
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


class Ledger:
    """The store of calls, one SQLite file. Safe to open from several processes; one thread each."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file; None keeps the ledger in memory, for tests."""
        self.path = path
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except sqlite3.Error:
                self._db.close()
                raise
        except (sqlite3.Error, OSError) as broken:
            raise WorkspaceError(
                f"The ledger {path} cannot be opened: {broken}. If it is damaged, move it away: it is made anew, "
                "and the calls it held are asked and paid for again."
            ) from broken

    def _prepare(self) -> None:
        # FULL: an answer was paid for, so it must outlive a power cut, and one sync takes milliseconds where a call
        # takes hundreds. secure_delete: erased text is overwritten, not only unlinked.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise sqlite3.DatabaseError(f"it has format {version}, and this intentrec knows {_VERSION}")
        self._db.executescript(_SCHEMA + f"PRAGMA user_version={_VERSION};")

    def find(self, key: str) -> Answer | None:
        """The newest answer to a request, right or wrong; refusals are no answers."""
        row = self._db.execute(
            "SELECT answer, prompt_tokens, completion_tokens, cut FROM calls "
            "WHERE hash = ? AND status != 'refused' ORDER BY n DESC LIMIT 1",
            (key,),
        ).fetchone()
        return None if row is None else Answer(row[0], row[1], row[2], bool(row[3]))

    def store(
        self,
        asked: str,
        answer: Answer,
        *,
        status: Status,
        error: str | None,
        usd: float,
        created_at: datetime,
        subjects: Iterable[str],
    ) -> None:
        """Add a call; it is on disk when this returns.

        Args:
            asked: The canonical request.
            subjects: Whom or what it is about; "" is nobody.
        """
        key, request = key_of(asked), json.loads(asked)
        with self._transaction():
            self._db.execute(
                "INSERT INTO calls SELECT ?, coalesce(max(n), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
                "FROM calls WHERE hash = ?",
                (
                    key, request["stage"], request["prompt_version"], request["model"], asked, answer.text,
                    answer.cut, status, error, answer.prompt_tokens, answer.completion_tokens, usd,
                    created_at.isoformat(), key,
                ),
            )  # fmt: skip
            self._name((key, subject) for subject in subjects)

    def name(self, keys_and_subjects: Iterable[tuple[str, str]]) -> None:
        """Note that calls which are already stored are about these subjects too."""
        with self._transaction():
            self._name(keys_and_subjects)

    def _name(self, keys_and_subjects: Iterable[tuple[str, str]]) -> None:
        named = [pair for pair in keys_and_subjects if pair[1]]
        self._db.executemany("INSERT OR IGNORE INTO subjects (hash, subject) VALUES (?, ?)", named)

    def erase(self, subject: str) -> int:
        """Remove what is stored about a subject and nobody else; the number of calls removed.

        No byte of it stays in the file or in its log. A call that is word for word the same for another subject
        stays, without the name of this one.

        Raises:
            WorkspaceError: Another process is reading or writing the ledger, so the bytes cannot be cleared yet.
        """
        with self._transaction():
            keys = self._db.execute("SELECT hash FROM subjects WHERE subject = ?", (subject,)).fetchall()
            self._db.execute("DELETE FROM subjects WHERE subject = ?", (subject,))
            orphaned = "DELETE FROM calls WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.hash = ?)"
            removed = sum(self._db.execute(orphaned, (key, key)).rowcount for (key,) in keys)
        self._scrub()
        return removed

    def _scrub(self) -> None:
        try:
            self._db.execute("VACUUM")
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as locked:
            busy = str(locked)
        if busy:
            raise WorkspaceError(
                f"The rows are deleted, but the ledger {self.path} is in use by another process, so that their bytes "
                "may still stand in its log. Run the same command again when no run is under way."
            )

    def totals(self) -> list[Total]:
        """What was spent since the ledger began, by stage and model."""
        rows = self._db.execute(
            "SELECT stage, model, count(*), sum(status != 'ok'), sum(prompt_tokens), sum(completion_tokens), sum(usd) "
            "FROM calls GROUP BY stage, model ORDER BY stage, model"
        )
        return [Total(*row) for row in rows]

    def calls(self, *, stage: str | None = None, subject: str | None = None) -> Iterator[Call]:
        """The calls in the order they were made, for an audit."""
        rows = self._db.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM calls c WHERE (?1 IS NULL OR c.stage = ?1) AND "
            "(?2 IS NULL OR EXISTS (SELECT 1 FROM subjects s WHERE s.subject = ?2 AND s.hash = c.hash)) "
            "ORDER BY c.created_at, c.hash, c.n",
            (stage, subject),
        )
        for row in rows:
            named = dict(zip(_COLUMNS, row, strict=True))
            yield Call(**named | {"cut": bool(named["cut"]), "created_at": datetime.fromisoformat(named["created_at"])})

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE takes the write lock at once, so that a reader is never upgraded and refused.
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as failed:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(failed, sqlite3.OperationalError):
                raise WorkspaceError(
                    f"The ledger {self.path} cannot be written: {failed}. Is the disk full, or does another process "
                    "hold the file? What was answered before is kept; run the same command again to go on."
                ) from failed
            raise
