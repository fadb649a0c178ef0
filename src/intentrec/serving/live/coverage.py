"""Which live rows a release already contains: how each event counts exactly once.

A release reads the events table at one version, while `Workspace.writing` is held, and keeps what lies before its
`as_of`. Rows of the table are numbered in the order they come in and no number is used twice, so one number says
which rows that version held: the greatest of them, `Meta.last_row`. A live event that was drained knows its `row`. So

    an event is in a release    <=>    it has a row, row <= last_row, and timestamp < as_of

and it is live beside that release otherwise. Nothing has to be told to anybody when a release appears, and after a
rollback what came in since is live again, because drained events stay in the store for `serving.live_days`.

Three things could break it, and do not:

- A drain is killed after the table was written and before the store knows the rows. Events that are being moved are
  marked first, and `settle` looks for marked ones in the table (by `event_id`, a column that drained rows have) before
  a bundle is exported; an event that is found there gets its row, any other is drained again.
- An erasure writes the events table anew, and the greatest row may have been the user's. The drain numbers on from the
  greatest row that was ever seen. The new table also has rows that were drained since the run; a reader of the release
  leaves them out, because the run's last row stands in its manifest, so that they stay live.
- A worker swaps bundles while requests are answered. Coverage belongs to a `LiveState`, and each ranking has its own.

An item that came in is in a release if it was drained before the release was published; both happen under the same
lock. What a user wants changed is in no release. What the keeper refreshed counts as long as an event that it was
written from is live.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

import polars as pl

from intentrec.serving.live.encoding import micros
from intentrec.workspace import Manifest, Workspace

LIVE = "state != 3 AND (row IS NULL OR row > :last_row OR timestamp >= :as_of)"
"""SQL: an event that counts beside a release; parameters as `Coverage.values` has them."""
LIVE_ITEM = "state != 3 AND (drained_at IS NULL OR drained_at >= :created_at)"


class Covering(Protocol):
    """What coverage asks of a bundle's `Meta`."""

    @property
    def as_of(self) -> datetime:
        """Exclusive end of what the release saw."""

    @property
    def created_at(self) -> datetime:
        """When it was published."""

    @property
    def last_row(self) -> int:
        """Greatest `row` of the events that the release was made from; -1 for none."""


@dataclass(frozen=True)
class Coverage:
    """What a release covers; by default that of no release: everything is live."""

    as_of: datetime = datetime(1, 1, 1, tzinfo=UTC)
    created_at: datetime = datetime(1, 1, 1, tzinfo=UTC)
    last_row: int = -1

    @classmethod
    def of(cls, workspace: Workspace, manifest: Manifest) -> Self:
        """That of a release, without its bundle."""
        last = manifest.facts.get("run", {}).get("last_row")
        if last is None and "events" in manifest.inputs:  # a release of an earlier intentrec
            rows = workspace.tables.scan("events", manifest.inputs["events"]).select(pl.col("row").max())
            last = rows.collect().item()
        return cls(manifest.as_of, manifest.created_at, -1 if last is None else int(last))


def values(meta: Covering) -> dict[str, int]:
    """Parameters of `LIVE` and `LIVE_ITEM`."""
    return {"last_row": meta.last_row, "as_of": micros(meta.as_of), "created_at": micros(meta.created_at)}
