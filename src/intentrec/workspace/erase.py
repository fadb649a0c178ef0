"""Erase a user everywhere: tables, releases, ledger, caches. Erased means no byte of the user id is left."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import write_deltalake
from pydantic import BaseModel, ConfigDict

from intentrec.errors import WorkspaceError
from intentrec.tables import INPUTS, TABLES
from intentrec.workspace.deltas import TableRef, content_digest
from intentrec.workspace.releases import Manifest
from intentrec.workspace.store import Workspace


class EraseReceipt(BaseModel):
    """What was removed.

    Attributes:
        rows: Removed rows by table.
        ledger_calls: Removed calls to language models.
        releases_dropped: Releases that are gone, because their old versions held the user.
    """

    model_config = ConfigDict(frozen=True)

    user_id: str
    at: datetime
    rows: dict[str, int]
    ledger_calls: int
    releases_dropped: list[str]


def erase_user(
    workspace: Workspace,
    user_id: str,
    now: datetime,
    erase_calls: Callable[[Path, str], int],
    *,
    patience: float = 0.0,
) -> EraseReceipt:
    """Remove a user from everything that is stored.

    Tables are written anew (a Delta log keeps the smallest and largest id of every file, so deleting rows is not
    enough), older releases are dropped, and the current one goes on without the user. The towers' weights stay: they
    hold no user ids, and the next run trains them without the user.

    Args:
        erase_calls: Removes the user's calls from the ledger file and returns how many there were.
        patience: As of `Workspace.writing`.
    """
    with workspace.writing(patience):
        current = workspace.releases.current()
        dropped = [manifest.release for manifest in workspace.releases.list()]
        stored = {name: _stored(workspace, name, current) for name in TABLES if workspace.tables.exists(name)}
        own = _own_interests(stored["interests"], user_id) if "interests" in stored else []
        kept = {name: frame.filter(~mentions(name, user_id, own)) for name, frame in stored.items()}
        rows = {name: stored[name].height - kept[name].height for name in stored}
        refs = {name: _rewrite(workspace, name, frame) for name, frame in kept.items()}
        workspace.steps.clear()
        shutil.rmtree(workspace.cache, ignore_errors=True)
        workspace.releases.restart(_without(current, refs, user_id))
        calls = erase_calls(workspace.ledger, user_id) if workspace.ledger.exists() else 0
    return EraseReceipt(user_id=user_id, at=now, rows=rows, ledger_calls=calls, releases_dropped=dropped)


def _rewrite(workspace: Workspace, name: str, keep: pl.DataFrame) -> TableRef:
    """Put a new table that holds `keep` in the place of the old one."""
    home, fresh, old = (workspace.tables.root / f"{prefix}{name}" for prefix in ("", ".fresh-", ".old-"))
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    write_deltalake(fresh, keep, mode="overwrite")
    home.rename(old)
    fresh.rename(home)
    shutil.rmtree(old)
    return TableRef(name=name, version=0, rows=keep.height, digest=content_digest(keep))


def _stored(workspace: Workspace, name: str, current: Manifest | None) -> pl.DataFrame:
    """What is worth keeping of a table: inputs as they are now, outputs as the current release shows them."""
    released = current.tables.get(name) if current and name not in INPUTS else None
    try:
        return workspace.read(name, released)
    except WorkspaceError:
        # An erasure that was killed half-way has begun this table anew: its old versions are gone.
        return workspace.read(name)


def _own_interests(interests: pl.DataFrame, user_id: str) -> list[str]:
    """Interests that nobody else has: their names were written from this user alone."""
    mine = interests.filter(pl.col("user_id") == user_id)["interest"]
    others = interests.filter(pl.col("user_id") != user_id)["interest"]
    return sorted(set(mine) - set(others))


def mentions(name: str, user_id: str, own_interests: list[str]) -> pl.Expr:
    """Whether a row of table `name` is about the user."""
    if name == "vectors":
        return (pl.col("kind") == "user") & (pl.col("id") == user_id)
    if name == "quarantine":
        return pl.col("record").str.contains(user_id, literal=True)
    if name == "explanations":
        return pl.col("interest").is_in(own_interests)
    if name == "samples":
        return (pl.col("user_id") == user_id).fill_null(value=False) | _tells(own_interests)
    schema, nowhere = TABLES[name].schema, pl.lit(value=False)
    owned = (pl.col("user_id") == user_id).fill_null(value=False) if "user_id" in schema else nowhere
    about = pl.col("subject") == user_id if "subject" in schema else nowhere
    # What people and the judge say of an explanation names nobody, but the interest may be this user's alone.
    judged = pl.col("interest").is_in(own_interests).fill_null(value=False) if "criterion" in schema else nowhere
    return owned | about | judged


def _tells(interests: list[str]) -> pl.Expr:
    """Whether a sample of an explanation, which names nobody, is about one of these interests."""
    said = (
        pl.element().struct.field("content").str.contains_any(pl.lit(pl.Series(interests, dtype=pl.String)).implode())
    )
    return (pl.col("task") == "explanations") & pl.col("messages").list.eval(said).list.any().fill_null(value=False)


def _without(manifest: Manifest | None, refs: dict[str, TableRef], user_id: str) -> Manifest | None:
    """The manifest with the new tables; what it says beside them loses the user, too."""
    if manifest is None:
        return None
    facts = {name: _without_user(fact, user_id) for name, fact in manifest.facts.items()}
    tables = {name: refs[name] for name in manifest.tables}
    inputs = {name: refs[name].version for name in manifest.inputs}
    return manifest.model_copy(update={"tables": tables, "inputs": inputs, "facts": facts, "report": {}})


def _without_user(fact: Any, user_id: str) -> Any:
    """A JSON value without the strings that are the user's id."""
    if isinstance(fact, dict):
        return {key: _without_user(value, user_id) for key, value in fact.items()}
    if isinstance(fact, list):
        return [_without_user(value, user_id) for value in fact if value != user_id]
    return fact
