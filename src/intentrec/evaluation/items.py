"""The items that can be ranked, as arrays: ids, categories, popularity before the cut, vectors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.baselines.interactions import codes

Ints = NDArray[np.int64]
Values = NDArray[np.float64]
Vectors = NDArray[np.float32]

GROUPS = ("head", "torso", "tail", "new")
TENTHS = 10


@dataclass(frozen=True)
class Items:
    """The items visible before the cut.

    Attributes:
        ids: Ascending, (I,).
        categories: Code of each item's category, -1 where it has none, (I,).
        counts: Events before the cut of each item, (I,).
        vectors: Of length one, zero where an item has none, (I, D); None where no vectors were given.
    """

    ids: pl.Series
    categories: Ints
    counts: Ints
    vectors: Vectors | None = None

    @classmethod
    def of(cls, items: pl.DataFrame, train: pl.DataFrame, vectors: pl.DataFrame | None = None) -> "Items":
        """From tables.

        Args:
            items: item_id and, where there is one, category.
            train: Events before the cut.
            vectors: item_id and vector (a list or an array of numbers), for diversity within lists.
        """
        if "category" not in items.columns:
            items = items.with_columns(category=pl.lit(None, dtype=pl.String))
        rows = items.select("item_id", "category").unique("item_id", keep="first").sort("item_id")
        ids = rows["item_id"]
        names = rows["category"].drop_nulls().unique().sort()
        found = codes(rows["category"], names) if len(names) else np.full(len(rows), -1, dtype=np.int64)
        place = codes(train["item_id"].drop_nulls(), ids)
        counts = np.bincount(place[place >= 0], minlength=len(ids))
        return cls(ids, found, counts, None if vectors is None else _unit(vectors, ids))

    @cached_property
    def _by_popularity(self) -> Ints:
        """Codes of the items, most events first, then by id."""
        return np.argsort(-self.counts, kind="stable")

    @cached_property
    def groups(self) -> Ints:
        """Place in `GROUPS` of each item, (I,).

        head: the most popular items, until they hold a third of all events; torso: until two thirds; tail: the rest
        that have any; new: those without.
        """
        ordered = self.counts[self._by_popularity]
        thirds = 3 * (np.cumsum(ordered) - ordered)  # whole numbers: a share of exactly a third has no rounding
        third = (thirds >= ordered.sum()).astype(np.int64) + (thirds >= 2 * ordered.sum())
        groups = np.empty(len(ordered), dtype=np.int64)
        groups[self._by_popularity] = np.where(ordered > 0, third, GROUPS.index("new"))
        return groups

    @cached_property
    def tenths(self) -> Ints:
        """Tenth of each item by popularity, 0 the most popular, (I,)."""
        tenths = np.empty(len(self.ids), dtype=np.int64)
        tenths[self._by_popularity] = np.arange(len(self.ids)) * TENTHS // max(1, len(self.ids))
        return tenths

    @cached_property
    def surprise(self) -> Values:
        """-log2 of each item's share of all events, (I,); an item without events counts as one of a single event."""
        shares = np.maximum(self.counts, 1) / max(1, int(self.counts.sum()))
        surprise: Values = -np.log2(shares)
        return surprise

    def inverse_propensity(self, gamma: float) -> Values:
        """(the most popular item's events / the item's)^gamma of each item, (I,), with at least one event for each."""
        counts = np.maximum(self.counts, 1)
        weights: Values = (counts.max(initial=1) / counts) ** gamma
        return weights


def _unit(vectors: pl.DataFrame, ids: pl.Series) -> Vectors:
    rows = vectors.unique("item_id", keep="first", maintain_order=True)
    if rows.is_empty():
        return np.zeros((len(ids), 0), dtype=np.float32)
    values = rows["vector"].explode().to_numpy().astype(np.float32).reshape(len(rows), -1)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit = np.zeros((len(ids), values.shape[1]), dtype=np.float32)
    place = codes(rows["item_id"], ids)
    unit[place[place >= 0]] = (values / np.maximum(lengths, 1e-12))[place >= 0]
    return unit
