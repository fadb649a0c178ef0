"""Events as a sparse user x item matrix: built in one place, so that every baseline learns from the same numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]

NO_DECAY_DAYS = 36_500.0
_DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class Interactions:
    """Who touched what, how lately, and what must not be shown again.

    Attributes:
        users: User ids with an event, ascending, (U,).
        items: Ids of the item table, ascending, (I,): a smaller column is a smaller id, which settles ties.
        values: Strength of each pair, above 0, float32, (U, I).
        seen: One where the user has any event with the item, of whatever weight, (U, I).
        ranks: How many other items of the user came after the last event of each pair of `values`, in its order of
            storage: 0 is what the user touched last, (nnz,).
        now: The moment from which ages are counted: the last event with a known item of what was learned from.
    """

    users: pl.Series
    items: pl.Series
    values: sparse.csr_array
    seen: sparse.csr_array
    ranks: Ints
    now: datetime | None

    @classmethod
    def build(
        cls,
        events: pl.DataFrame,
        items: pl.DataFrame,
        half_life_days: float = NO_DECAY_DAYS,
        *,
        now: datetime | None = None,
    ) -> Self:
        """The matrix of all events with an item of the item table.

        The strength of a pair is the largest weight of its events, each halved for every `half_life_days` between it
        and the last event with a known item. Events of weight 0 or below (returns, dislikes) count as seen and give no
        strength. Events at the same time follow each other as their `row` says, or as they are given without one.

        Args:
            events: Rows of `EVENTS`; weight and row may be absent.
            items: The item table.
            half_life_days: Days after which an event counts half; `NO_DECAY_DAYS` counts all alike.
            now: For histories that are served and not learned from: ages are counted from here, and for a user whose
                history goes on after it from the user's own last event, so that no user's row depends on another's.
        """
        touched = _touched(events)
        users = touched["user_id"].unique().sort()
        known = items["item_id"].cast(pl.String).unique().sort()
        touched = touched.with_columns(row=codes(touched["user_id"], users), column=codes(touched["item_id"], known))
        touched = touched.filter(pl.col("column") >= 0)
        shape = (len(users), len(known))
        pairs = _pairs(touched, half_life_days, now)
        values = _matrix(pairs, pairs["strength"].to_numpy().astype(np.float32), shape)
        ranks = pairs["rank"].to_numpy().astype(np.int64)
        return cls(users, known, values, _ones(touched, shape), ranks, now or _last(touched))

    def recent(self, rows: Ints, n: int, decay: float = 1.0) -> sparse.csr_array:
        """The last `n` items of the users in matrix rows (B,), each worth `decay` to the power of its rank, (B, I).

        Nothing for a stranger (row -1). The strengths do not matter here, only the order.
        """
        lengths = np.diff(self.values.indptr).astype(np.int64)
        counts = np.where(rows >= 0, lengths[rows] if len(lengths) else 0, 0)
        starts = np.where(rows >= 0, self.values.indptr[rows], 0).astype(np.int64)
        owner = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
        places = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[owner]
        kept = self.ranks[places] < n
        owner, places = owner[kept], places[kept]
        worth = np.power(decay, self.ranks[places].astype(np.float64)).astype(np.float32)
        return sparse.csr_array((worth, (owner, self.values.indices[places])), shape=(len(rows), len(self.items)))

    def rows_of(self, users: Iterable[str]) -> Ints:
        """Matrix row of each user, -1 for a user without events."""
        return codes(pl.Series("id", list(users), dtype=pl.String), self.users)

    def mask_of(self, items: Iterable[str] | None) -> NDArray[np.bool_]:
        """True at the given items, (I,); all of them for None."""
        if items is None:
            return np.ones(len(self.items), dtype=np.bool_)
        return self.items.is_in(pl.Series("id", list(items), dtype=pl.String).unique().to_list()).to_numpy()


def codes(ids: pl.Series, vocabulary: pl.Series) -> Ints:
    """Place of each id in the vocabulary, -1 where it is not in it."""
    places = pl.DataFrame({"id": vocabulary, "code": np.arange(len(vocabulary), dtype=np.int64)})
    joined = pl.DataFrame({"id": ids}).join(places, on="id", how="left", maintain_order="left")
    return joined["code"].fill_null(-1).to_numpy()


def sequences(events: pl.DataFrame, items: pl.Series) -> tuple[Ints, Ints]:
    """User codes and item columns of all events of positive weight with a known item: by user, then in order of time.

    Args:
        events: Rows of `EVENTS`; weight and row may be absent.
        items: Known item ids, ascending.
    """
    touched = _touched(events).filter(pl.col("weight") > 0)
    users = touched["user_id"].unique().sort()
    touched = touched.with_columns(row=codes(touched["user_id"], users), column=codes(touched["item_id"], items))
    touched = touched.filter(pl.col("column") >= 0).sort("row", "moment")
    return touched["row"].to_numpy(), touched["column"].to_numpy()


def _touched(events: pl.DataFrame) -> pl.DataFrame:
    """Events with an item: user_id, item_id, timestamp, weight, and their place in the order of time as `moment`."""
    weight = pl.col("weight").fill_null(1.0) if "weight" in events.columns else pl.lit(1.0)
    order = ["timestamp", "row"] if "row" in events.columns else ["timestamp"]
    return (
        events.filter(pl.col("item_id").is_not_null())
        .sort(order, maintain_order=True)
        .select("user_id", "item_id", "timestamp", weight=weight)
        .with_row_index("moment")
    )


def _pairs(touched: pl.DataFrame, half_life_days: float, now: datetime | None) -> pl.DataFrame:
    """row, column, strength and rank of every pair that has an event of positive weight."""
    last = pl.col("timestamp").max()
    if now is not None:
        last = pl.max_horizontal(last.over("row"), pl.lit(now, dtype=touched.schema["timestamp"]))
    age = (last - pl.col("timestamp")).dt.total_microseconds() / _DAY_MICROSECONDS
    decay = 1.0 if half_life_days >= NO_DECAY_DAYS else (-age / half_life_days * np.log(2.0)).exp()
    return (
        touched.with_columns(strength=pl.col("weight") * decay)
        .filter(pl.col("weight") > 0)
        .group_by("row", "column")
        .agg(pl.col("strength").max(), pl.col("moment").max())
        .sort("row", "column")
        .with_columns(rank=pl.col("moment").rank("ordinal", descending=True).over("row").cast(pl.Int64) - 1)
    )


def _last(touched: pl.DataFrame) -> datetime | None:
    last = touched["timestamp"].max()
    return last if isinstance(last, datetime) else None


def _ones(touched: pl.DataFrame, shape: tuple[int, int]) -> sparse.csr_array:
    pairs = touched.select("row", "column").unique().sort("row", "column")
    return _matrix(pairs, np.ones(len(pairs), dtype=np.int8), shape)


def _matrix(pairs: pl.DataFrame, values: NDArray[np.generic], shape: tuple[int, int]) -> sparse.csr_array:
    at = (pairs["row"].to_numpy(), pairs["column"].to_numpy())
    return sparse.csr_array((values, at), shape=shape)
