"""The event log as arrays in time order, cut before a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.codes import Codes, Ints
from intentrec.errors import DataError

DAY = 86_400.0
"""Seconds."""
Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Log:
    """Events with an item, in time order; ties by row.

    Attributes:
        user: Code of the user, (E,).
        item: Code of the item, (E,).
        kind: Place of the event's kind, (E,).
        weight: Strength of the event times that of its kind, (E,).
        time: Seconds since 1970, ascending, (E,).
        n_users: How many users have a code.
        n_items: How many items have a code.
        n_kinds: How many kinds have a place.
    """

    user: Ints
    item: Ints
    kind: Ints
    weight: NDArray[np.float64]
    time: Seconds
    n_users: int
    n_items: int
    n_kinds: int

    @classmethod
    def of(cls, events: pl.DataFrame, users: Codes, items: Codes, kinds: Mapping[str, float], as_of: datetime) -> Self:
        """Events of the given kinds before `as_of`; those of users or items without a code are left out.

        Args:
            events: `user_id, item_id, timestamp, event, row`, and `weight` where events have one.
            users: Codes of the users that count.
            items: Codes of the items that count.
            kinds: Weight of each kind of event that shows intent.
            as_of: Exclusive; no later event is read.
        """
        places = pl.DataFrame({"event": list(kinds), "_kind_weight": [float(w) for w in kinds.values()]})
        places = places.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_kind"))
        own = pl.col("weight").fill_null(1.0) if "weight" in events.columns else pl.lit(1.0)
        rows = (
            events.lazy()
            .filter(pl.col("timestamp") < as_of)
            .join(users.frame("user_id", "_user", events["user_id"]).lazy(), on="user_id")
            .join(items.frame("item_id", "_item", events["item_id"]).lazy(), on="item_id")
            .join(places.lazy(), on="event")
            .sort("timestamp", "row")
            .select(
                "_user", "_item", "_kind", (own * pl.col("_kind_weight")).alias("_weight"),
                (pl.col("timestamp").dt.epoch("us") / 1e6).alias("_time"),
            )
            .collect()
        )  # fmt: skip
        return cls(
            rows["_user"].to_numpy(),
            rows["_item"].to_numpy(),
            rows["_kind"].to_numpy(),
            rows["_weight"].to_numpy(),
            rows["_time"].to_numpy(),
            len(users),
            len(items),
            len(kinds),
        )

    def __len__(self) -> int:
        return len(self.time)

    def between(self, start: float, end: float) -> "Log":
        """Events with `start <= time < end`."""
        low, high = np.searchsorted(self.time, [start, end])
        part = slice(int(low), int(high))
        return self._part(part)

    def before(self, end: float) -> "Log":
        """Events with `time < end`."""
        return self._part(slice(0, int(np.searchsorted(self.time, end))))

    def where(self, kept: NDArray[np.bool_]) -> "Log":
        """Events where the mask is true, (E,)."""
        return self._part(np.flatnonzero(kept))

    def of_users(self, users: Ints) -> tuple["Log", Ints]:
        """Events of the given users, and the place of each event's user among them."""
        place = np.full(self.n_users, -1, dtype=np.int64)
        place[users] = np.arange(len(users))
        kept = np.flatnonzero(place[self.user] >= 0)
        part = self._part(kept)
        return part, place[part.user]

    def _part(self, rows: slice | Ints) -> "Log":
        return Log(
            self.user[rows], self.item[rows], self.kind[rows], self.weight[rows], self.time[rows],
            self.n_users, self.n_items, self.n_kinds,
        )  # fmt: skip


def seconds(moment: datetime) -> float:
    """Seconds since 1970 of a moment that names its time zone.

    Raises:
        DataError: It names none.
    """
    if moment.tzinfo is None:
        raise DataError(f"as_of = {moment.isoformat()} names no time zone; write it as {moment.isoformat()}+00:00.")
    return moment.timestamp()
