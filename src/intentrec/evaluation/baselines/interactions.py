"""Events as a sparse user x item matrix: built in one place, so that every baseline learns from the same numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
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
    """

    users: pl.Series
    items: pl.Series
    values: sparse.csr_array
    seen: sparse.csr_array

    @classmethod
    def build(cls, events: pl.DataFrame, items: pl.DataFrame, half_life_days: float = NO_DECAY_DAYS) -> Self:
        """The matrix of all events with an item of the item table.

        The strength of a pair is the largest weight of its events, each halved for every `half_life_days` between it
        and the last event with a known item. Events of weight 0 or below (returns, dislikes) count as seen and give no
        strength.
        """
        touched = _touched(events)
        users = touched["user_id"].unique().sort()
        known = items["item_id"].cast(pl.String).unique().sort()
        touched = touched.with_columns(row=codes(touched["user_id"], users), column=codes(touched["item_id"], known))
        touched = touched.filter(pl.col("column") >= 0)
        shape = (len(users), len(known))
        return cls(users, known, _strengths(touched, half_life_days, shape), _ones(touched, shape))

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


def _touched(events: pl.DataFrame) -> pl.DataFrame:
    weight = pl.col("weight").fill_null(1.0) if "weight" in events.columns else pl.lit(1.0)
    return events.filter(pl.col("item_id").is_not_null()).select("user_id", "item_id", "timestamp", weight=weight)


def _strengths(touched: pl.DataFrame, half_life_days: float, shape: tuple[int, int]) -> sparse.csr_array:
    age = (pl.col("timestamp").max() - pl.col("timestamp")).dt.total_microseconds() / _DAY_MICROSECONDS
    decay = 1.0 if half_life_days >= NO_DECAY_DAYS else (-age / half_life_days * np.log(2.0)).exp()
    pairs = (
        touched.filter(pl.col("weight") > 0)
        .with_columns(strength=pl.col("weight") * decay)
        .group_by("row", "column")
        .agg(pl.col("strength").max())
        .sort("row", "column")
    )
    return _matrix(pairs, pairs["strength"].to_numpy().astype(np.float32), shape)


def _ones(touched: pl.DataFrame, shape: tuple[int, int]) -> sparse.csr_array:
    pairs = touched.select("row", "column").unique().sort("row", "column")
    return _matrix(pairs, np.ones(len(pairs), dtype=np.int8), shape)


def _matrix(pairs: pl.DataFrame, values: NDArray[np.generic], shape: tuple[int, int]) -> sparse.csr_array:
    at = (pairs["row"].to_numpy(), pairs["column"].to_numpy())
    return sparse.csr_array((values, at), shape=shape)
