"""Items as numbers: what they are, and what they sold before a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.codes import Codes, Ints
from intentrec.data.asof import existing
from intentrec.data.log import DAY, Log
from intentrec.errors import DataError
from intentrec.retrieval.topk import distinct

Floats32 = NDArray[np.float32]
SALES_DAYS = (7.0, 28.0, 84.0, 364.0)
"""Sales are counted over so many days before a moment."""
_PRICE_BUCKETS = 16
_SALES_BUCKETS = 16
_AGE_BUCKETS = 10


@dataclass(frozen=True)
class Catalogue:
    """Items in the order of their ids, with the features that do not change.

    Attributes:
        items: Item ids.
        fixed: Codes of category, brand and bucket of price, 0 for none, (N, 3).
        sizes: How many codes each fixed feature has, 0 included.
        text: A vector for each item, (N, T); None where the item tower sees no text.
    """

    items: Codes
    fixed: Ints
    sizes: tuple[int, ...]
    text: Floats32 | None

    @classmethod
    def build(cls, items: pl.DataFrame, as_of: datetime, text: NDArray[np.floating] | None = None) -> Self:
        """The items that existed before `as_of`.

        Args:
            items: `item_id`, and `category, brand, price, created_at` where there are any.
            as_of: Items created at or after this moment are left out.
            text: A vector for each row of `items`.

        Raises:
            DataError: An item comes twice, there is none, or there is not one text vector for each.
        """
        if text is not None and len(text) != len(items):
            raise DataError(f"There are {len(text)} text vectors for {len(items)} items; give one an item, in order.")
        frame = existing(items.with_row_index("_row"), as_of).sort("item_id")
        codes = Codes.of(frame["item_id"])
        if len(codes) < max(1, len(frame)):
            raise DataError(f"The {len(frame)} items before {as_of} have {len(codes)} ids; each needs one of its own.")
        columns = [_named(frame, "category"), _named(frame, "brand"), _price_buckets(frame)]
        fixed = np.stack([column for column, _ in columns], axis=1)
        vectors = None if text is None else np.ascontiguousarray(text[frame["_row"].to_numpy()], dtype=np.float32)
        return cls(codes, fixed, tuple(size for _, size in columns), vectors)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Demand:
    """What is known of the items' sales just before a moment.

    Attributes:
        buckets: Bucket of sales for each of `SALES_DAYS`, and of age; 0 for none yet, (N, 5).
        ratios: Logarithm of sales against the mean item, (N, 4).
        known: Whether the item had an event before, (N,).
    """

    buckets: Ints
    ratios: Floats32
    known: NDArray[np.bool_]


DEMAND_SIZES = (_SALES_BUCKETS + 1,) * len(SALES_DAYS) + (_AGE_BUCKETS + 1,)
"""How many codes each column of `Demand.buckets` has."""


def demand(log: Log, now: float) -> Demand:
    """Demand just before `now`, from events before it; seconds."""
    counts = [_sales(log.between(now - days * DAY, now)) for days in SALES_DAYS]
    past = log.before(now)
    first = np.full(log.n_items, np.inf)
    np.minimum.at(first, past.item, past.time)
    ratios = [np.log((count + 0.5) / (count.mean() + 0.5)) for count in counts]
    buckets = [*(_sales_buckets(count) for count in counts), _age_buckets((now - first) / DAY)]
    return Demand(np.stack(buckets, axis=1), np.stack(ratios, axis=1).astype(np.float32), np.isfinite(first))


def _sales(log: Log) -> NDArray[np.float64]:
    """How many users had an event with each item."""
    pairs = distinct(log.user * log.n_items + log.item)
    return np.bincount(pairs % max(1, log.n_items), minlength=log.n_items).astype(np.float64)


def _sales_buckets(counts: NDArray[np.float64]) -> Ints:
    """Half octaves around the mean item, so that buckets mean the same in a busy week and a quiet one."""
    with np.errstate(divide="ignore"):
        octaves = np.log2(counts / max(float(counts.mean()), 1e-9))
    buckets = np.clip(np.floor(2 * octaves) + _SALES_BUCKETS / 2, 1, _SALES_BUCKETS)
    return np.where(counts > 0, buckets, 0).astype(np.int64)


def _age_buckets(days: NDArray[np.float64]) -> Ints:
    octaves = np.floor(np.log2(np.maximum(np.where(np.isfinite(days), days, 1.0), 1.0)))
    return np.where(np.isfinite(days), 1 + np.minimum(octaves, _AGE_BUCKETS - 1), 0).astype(np.int64)


def _named(frame: pl.DataFrame, column: str) -> tuple[Ints, int]:
    names: Sequence[str | None] = frame[column].to_list() if column in frame.columns else [None] * len(frame)
    codes = Codes.of(names)
    return codes.shifted(names), len(codes) + 1


def _price_buckets(frame: pl.DataFrame) -> tuple[Ints, int]:
    if "price" not in frame.columns:
        return np.zeros(len(frame), dtype=np.int64), 1
    prices = frame["price"].cast(pl.Float64).to_numpy()
    priced = np.isfinite(prices)
    if not priced.any():
        return np.zeros(len(frame), dtype=np.int64), 1
    edges = np.unique(np.quantile(prices[priced], np.linspace(0, 1, _PRICE_BUCKETS + 1)[1:-1]))
    return np.where(priced, 1 + np.searchsorted(edges, prices), 0).astype(np.int64), len(edges) + 2
