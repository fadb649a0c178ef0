"""Item vectors under their ids, and filters in the same order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.codes import places
from intentrec.errors import DataError
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.indexes import VectorIndex, build_index
from intentrec.retrieval.topk import Hits, Ints, Mask, Vectors, distinct, top_k


@dataclass(frozen=True)
class ItemIndex:
    """Item vectors in the order of their ids, so that a tie in score falls to the smaller id.

    Attributes:
        ids: Item ids, ascending, (N,).
        vectors: One row an item, (N, D).
        engine: How they are searched; None compares all of them.
    """

    ids: NDArray[np.str_]
    vectors: Vectors
    engine: VectorIndex | None = None

    @classmethod
    def build(cls, ids: Sequence[str], vectors: NDArray[np.floating]) -> Self:
        """An index of items in any order.

        Raises:
            DataError: An id comes twice, the lengths differ, or a vector is not finite.
        """
        if len(ids) != len(vectors):
            raise DataError(f"There are {len(ids)} item ids for {len(vectors)} item vectors; give one vector an item.")
        names = np.asarray(ids, dtype=np.str_)
        order = np.argsort(names, kind="stable")
        names = names[order]
        twice = names[1:][names[1:] == names[:-1]]
        if len(twice):
            raise DataError(f"Item {str(twice[0])!r} comes twice among the vectors; keep one.")
        ordered = np.ascontiguousarray(vectors[order], dtype=np.float32)
        wrong = np.flatnonzero(~np.isfinite(ordered).all(axis=1))
        if len(wrong):
            raise DataError(f"The vector of item {str(names[wrong[0]])!r} is not finite; train the towers again.")
        return cls(names, ordered)

    def searchable(self, config: RetrievalConfig, queries: Vectors | None = None) -> Self:
        """The same items behind the index that `config` asks for; see `build_index` for queries and errors."""
        return replace(self, engine=build_index(self.vectors, config, queries))

    @property
    def compares_all(self) -> bool:
        """Whether a search holds a score for every item."""
        return self.engine is None or self.engine.compares_all

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        allowed: Mask | None = None,
        excluded: sparse.csr_array | None = None,
        excluded_rows: Ints | None = None,
        block_scores: int = 4_000_000,
    ) -> Hits:
        """The best `k` items of each query; see `VectorIndex.search`."""
        if self.engine is not None:
            return self.engine.search(queries, k, allowed=allowed, excluded=excluded, excluded_rows=excluded_rows)
        return top_k(
            queries,
            self.vectors,
            k,
            allowed=allowed,
            excluded=excluded,
            excluded_rows=excluded_rows,
            block_scores=block_scores,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, items: Collection[str]) -> Ints:
        """Rows of the items that the index knows, ascending; others are left out."""
        found = self.places(list(items))
        return distinct(found[found >= 0])

    def places(self, items: Sequence[str]) -> Ints:
        """Row of each item, -1 for one that the index does not know."""
        return places(self.ids, items)

    def mask(self, items: Collection[str] | None) -> Mask | None:
        """True at the given items, (N,); None means that all are allowed and stays None."""
        if items is None:
            return None
        allowed = np.zeros(len(self), dtype=np.bool_)
        allowed[self.rows_of(items)] = True
        return allowed

    def pairs(self, users: Sequence[str], events: pl.DataFrame) -> sparse.csr_array:
        """Non-zero where a user has a row with an item in `events`, (U, N): the filter of what was seen.

        Args:
            users: Rows of the result, in order; an id may come more than once.
            events: `user_id`, `item_id`; rows of other users and unknown items are left out.
        """
        rows = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).with_row_index("row")
        seen = events.lazy().select("user_id", "item_id").drop_nulls().unique()
        had = seen.join(rows.lazy(), on="user_id").select("row", "item_id").collect()
        names = had["item_id"].unique()
        columns = pl.DataFrame({"item_id": names, "column": self.places(names.to_list())})
        found = had.join(columns.filter(pl.col("column") >= 0), on="item_id")
        ones = np.ones(len(found), dtype=np.int8)
        at = (found["row"].to_numpy().astype(np.int64), found["column"].to_numpy().astype(np.int64))
        return sparse.csr_array((ones, at), shape=(len(users), len(self)))

    def categories(self, items: pl.DataFrame) -> Ints:
        """A code for the category of each item, (N,): names ascend, -1 where `items` has none.

        Args:
            items: `item_id`, each once, and `category`.
        """
        own = pl.DataFrame({"item_id": self.ids.tolist()}, schema={"item_id": pl.String})
        named = own.join(items.select("item_id", "category"), on="item_id", how="left", maintain_order="left")
        codes = named["category"].cast(pl.String).rank("dense").cast(pl.Int64) - 1
        return codes.fill_null(-1).to_numpy()
