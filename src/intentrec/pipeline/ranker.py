"""Vectors, tags and what was seen, put together into one recommender: stage 4 as its readers meet it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.retrieval import FUSED_SCHEMA, BetaByActivity, ItemIndex, RetrievalConfig, Tags
from intentrec.retrieval import recommend as fuse
from intentrec.retrieval.memory import Remembered, events_of


@dataclass(frozen=True)
class Ranker:
    """Ranks items for users whose vectors are known; users without history get what is popular.

    Attributes:
        users: user_id -> row of `vectors`.
        vectors: User vectors, (U, D).
        betas: Weight of each user's vector against the tags, (U,).
        seen: Distinct `user_id`, `item_id` of everything users had an event with.
        popular: `item_id`, `score`, best first: what users without history get.
        categories: Category code of each item, -1 for none, (N,): by what the first places vary; None for no variety.
        events: What users did before the as-of time, for what is remembered of pairs of items.
        remembered: Pairs of items; None where the towers have no such part.
        as_of: Exclusive end of `events`.
    """

    index: ItemIndex
    users: dict[str, int]
    vectors: NDArray[np.float32]
    betas: NDArray[np.float64]
    tags: Tags | None
    seen: pl.DataFrame
    popular: pl.DataFrame
    config: RetrievalConfig
    name: str = "intentrec"
    categories: NDArray[np.int64] | None = None
    events: pl.DataFrame | None = None
    remembered: Remembered | None = None
    as_of: datetime | None = None

    @classmethod
    def build(
        cls,
        vectors: pl.DataFrame,
        tags: pl.DataFrame,
        beta: BetaByActivity,
        events: pl.DataFrame,
        config: RetrievalConfig,
        popular: pl.DataFrame,
        catalogue: pl.DataFrame | None = None,
        remembered: Remembered | None = None,
        as_of: datetime | None = None,
    ) -> "Ranker":
        """A ranker from rows of `VECTORS` and `TAGS`, and the events before the as-of time.

        Args:
            catalogue: `item_id` and `category`, so that the first places can vary; None for no variety.
            remembered: Pairs of items that add to the vectors' scores; None for nothing.
            as_of: Where `remembered` is given: the end of `events`.
        """
        items, users, words = (_of_kind(vectors, kind) for kind in ("item", "user", "tag"))
        ids: list[str] = users[0]
        activity = events_of(events, ids)
        index = ItemIndex.build(*items).searchable(config, users[1])
        return cls(
            index=index,
            users={user: row for row, user in enumerate(ids)},
            vectors=users[1],
            betas=beta.of(activity),
            tags=Tags(tags.select("user_id", "rank", "tag", "interest_id"), *words) if words[0] else None,
            seen=events.select("user_id", "item_id").drop_nulls().unique(maintain_order=True),
            popular=popular,
            config=config,
            categories=None if catalogue is None else index.categories(catalogue),
            events=None if remembered is None else events.select("user_id", "item_id", "timestamp", "event", "row"),
            remembered=remembered,
            as_of=as_of,
        )

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """At most `k` items for each user, best first; see `intentrec.retrieval.Retriever`.

        Returns:
            `user_id, rank, item_id, score, score_user, score_tag, source, tag, interest_id`.
        """
        known = [user for user in users if user in self.users]
        rows = np.array([self.users[user] for user in known], dtype=np.int64)
        fused = fuse(
            self.index,
            known,
            self.vectors[rows],
            k,
            beta=self.betas[rows],
            config=self.config,
            tags=self.tags,
            allowed=self.index.mask(items),
            excluded=self.index.pairs(known, self.seen) if filter_viewed else None,
            categories=self.categories,
            added=self._added(known),
        )
        cold = [user for user in users if user not in self.users]
        if not cold:
            return fused
        order = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).with_row_index("_order")
        both = pl.concat([fused, self._popular(cold, k, items)])
        return both.join(order, on="user_id", how="left").sort("_order", "rank").drop("_order")

    def size_bytes(self) -> int:
        """Of the vectors of items, users and tags, and of the pairs that are remembered."""
        vectors = self.index.vectors.nbytes + self.vectors.nbytes
        tags = 0 if self.tags is None else self.tags.vectors.nbytes
        tables = [] if self.remembered is None else list(self.remembered.memory.tables.values())
        return vectors + tags + sum(t.data.nbytes + t.indices.nbytes + t.indptr.nbytes for t in tables)

    def _added(self, users: Sequence[str]) -> sparse.csr_array | None:
        """What is remembered, in the order of the index."""
        if self.remembered is None or self.events is None or self.as_of is None:
            return None
        own = self.events.filter(pl.col("user_id").is_in(list(users)))
        return self.remembered.scores(own, users, self.as_of)

    def remembered_of(self, user: str, item: str) -> dict[str, float]:
        """What each part of the memory has in `score_user`; empty where it has none."""
        own = self._added([user]) if user in self.users else None
        if own is None or self.remembered is None or self.events is None or self.as_of is None:
            return {}
        row = self.index.rows_of([item])
        if not own[:, row].sum():
            return {}
        events = self.events.filter(pl.col("user_id") == user)
        beta = 1.0 if self.tags is None or user not in self._tagged else float(self.betas[self.users[user]])
        shares = self.remembered.shares(events, user, self.as_of, item)
        return {name: beta * share for name, share in shares.items() if share > 0}

    @cached_property
    def _tagged(self) -> frozenset[str]:
        """Users with tags: only their vectors are weighed against something."""
        return frozenset() if self.tags is None else frozenset(self.tags.frame["user_id"].to_list())

    def nearest(self, frame: pl.DataFrame, chosen: pl.DataFrame) -> pl.Series:
        """For each row of `recommend` the item that its user chose before and that is most like it; null where none.

        Likeness is the cosine of item vectors: the space in which the user's own vector found the row.

        Args:
            chosen: Distinct `user_id`, `item_id`.
        """
        users = frame["user_id"].unique(maintain_order=True)
        had = chosen.filter(pl.col("user_id").is_in(users.implode()))
        names = had["item_id"].unique()
        known = names.filter(pl.Series(self.index.places(names.to_list()) >= 0))
        had = had.filter(pl.col("item_id").is_in(known.implode()))
        history = dict(had.group_by("user_id").agg("item_id").iter_rows())
        rows = frame.select("user_id", "item_id").with_row_index().group_by("user_id").agg("index", "item_id")
        near = np.full(frame.height, None, dtype=np.object_)
        for user, places, items in rows.iter_rows():
            if user in history:
                near[places] = self._most_like(items, sorted(history[user]))
        return pl.Series("near", near.tolist(), dtype=pl.String)

    def _most_like(self, items: Sequence[str], had: Sequence[str]) -> list[str | None]:
        best = most_like(self.index.vectors, self.index.places(items), self.index.places(had))
        return [None if place < 0 else had[place] for place in best.tolist()]

    def _popular(self, users: Sequence[str], k: int, items: Sequence[str] | None) -> pl.DataFrame:
        best = self.popular if items is None else self.popular.filter(pl.col("item_id").is_in(list(items)))
        best = best.head(k).with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("rank"), source=pl.lit("popular")
        )
        rows = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).join(best, how="cross")
        missing = [
            pl.lit(None, dtype=dtype).alias(name) for name, dtype in FUSED_SCHEMA.items() if name not in rows.columns
        ]
        return rows.with_columns(missing).select(*FUSED_SCHEMA)


def most_like(vectors: NDArray[np.float32], wanted: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each wanted item the place of the known one with the greatest cosine, but not itself; -1 where none is left.

    Args:
        vectors: (N, D).
        wanted: Rows, (W,).
        known: Rows, (K,), at least one; ties go to the first.
    """
    likeness = np.round(_unit(vectors[wanted]) @ _unit(vectors[known]).T, 5)
    likeness[wanted[:, None] == known[None, :]] = -np.inf
    best = likeness.argmax(axis=1)
    found: NDArray[np.int64] = np.where(likeness[np.arange(len(wanted)), best] > -np.inf, best, -1)
    return found


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions of length one, (n, D)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-9)
    return unit


def _of_kind(vectors: pl.DataFrame, kind: str) -> tuple[list[str], NDArray[np.float32]]:
    rows = vectors.filter(pl.col("kind") == kind)
    if rows.is_empty():
        return [], np.zeros((0, 0), dtype=np.float32)
    width = rows["vector"].list.len()[0]
    values = rows["vector"].explode().to_numpy().astype(np.float32).reshape(-1, width)
    return rows["id"].to_list(), values


def popular_items(events: pl.DataFrame, as_of: datetime, days: int) -> pl.DataFrame:
    """`item_id` and `score` (number of users who had it) of the last `days`, best first, ties by item id."""
    recent = events.filter(pl.col("timestamp") >= as_of - timedelta(days=days)).drop_nulls("item_id")
    counts = recent.group_by("item_id").agg(pl.col("user_id").n_unique().cast(pl.Float64).alias("score"))
    return counts.sort(["score", "item_id"], descending=[True, False])
