"""The encoder as a recommender: vectors in the same indexes, behind the same filters as every other system."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.encoder import Encoder
from intentrec.encoder.encoding import Coder
from intentrec.encoder.fitting import fit
from intentrec.errors import NotFittedError
from intentrec.progress import SILENT, Progress
from intentrec.retrieval import ItemIndex, RetrievalConfig
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA

_USERS_AT_ONCE = 4096


@dataclass(frozen=True)
class Served:
    """An encoder as it answers as of a moment: items indexed, users encoded.

    Attributes:
        encoder: Trained then or earlier.
        coder: Runs it, and remembers what it has encoded.
        index: Items under their vectors of the served width.
        users: user_id -> row of `vectors`; users with an event before the moment.
        vectors: (U, served).
        seen: Distinct `user_id`, `item_id` of everything users had an event with.
        as_of: Exclusive end of what was read.
        retrieval: How items are searched.
    """

    encoder: Encoder
    coder: Coder
    index: ItemIndex
    users: dict[str, int]
    vectors: NDArray[np.float32]
    seen: pl.DataFrame
    as_of: datetime
    retrieval: RetrievalConfig
    name: str = "encoder"

    @classmethod
    def of(
        cls, encoder: Encoder, events: pl.DataFrame, items: pl.DataFrame, as_of: datetime, *,
        coder: Coder | None = None, users: Sequence[str] | None = None, impressions: pl.DataFrame | None = None,
        attributes: pl.DataFrame | None = None, retrieval: RetrievalConfig | None = None,
    ) -> Self:  # fmt: skip
        """Encode what is new and index it; nothing is trained.

        Args:
            encoder: What to serve.
            events: Rows of `EVENTS`.
            items: Rows of `ITEMS`.
            as_of: Exclusive, with a time zone.
            coder: Keeps vectors between calls; by default nothing is kept.
            users: Only these, of those with an event; by default all.
            impressions: As in `Encoder.reading`.
            attributes: Rows of `USERS`, as in `Encoder.reading`.
            retrieval: How items are searched.
        """
        coder, retrieval = coder or encoder.coder(), retrieval or RetrievalConfig()
        reading = encoder.reading(events, items, as_of, impressions=impressions, users=attributes)
        ids, whole = reading.item_vectors(coder)
        index = ItemIndex.build(ids, encoder.cut(whole))
        before = events.filter(pl.col("timestamp") < as_of)
        known = before["user_id"].unique().sort().to_list()
        served = known if users is None else sorted(set(users) & set(known))
        vectors = encoder.cut(reading.user_vectors(served, coder))
        rows = {user: row for row, user in enumerate(served)}
        seen = before.select("user_id", "item_id").drop_nulls().unique(maintain_order=True)
        return cls(encoder, coder, index.searchable(retrieval, vectors), rows, vectors, seen, as_of, retrieval)

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """At most `k` items for each user with a history, best first; see `intentrec.retrieval.Retriever`."""
        known = [user for user in users if user in self.users]
        allowed = self.index.mask(items)
        parts = [pl.DataFrame(schema=RECOMMENDED_SCHEMA)]
        for start in range(0, len(known), _USERS_AT_ONCE):
            some = known[start : start + _USERS_AT_ONCE]
            hits = self.index.search(
                self.vectors[[self.users[user] for user in some]], k, allowed=allowed,
                excluded=self.index.pairs(some, self.seen) if filter_viewed else None,
                block_scores=self.retrieval.block_scores,
            )  # fmt: skip
            parts.append(
                pl.DataFrame(
                    {
                        "user_id": np.asarray(some, dtype=np.object_)[hits.query],
                        "rank": hits.rank,
                        "item_id": self.index.ids[hits.item].tolist(),
                        "score": hits.score.astype(np.float64),
                    },
                    schema=RECOMMENDED_SCHEMA,
                )
            )
        return pl.concat(parts)

    def size_bytes(self) -> int:
        """Of the vectors that lists are made of; the model itself is not asked for a list."""
        return self.index.vectors.nbytes + self.vectors.nbytes


@dataclass
class EncoderRetriever:
    """`fit` trains an encoder on the events and serves it; see `intentrec.encoder.fit` for more ways to call it.

    Attributes:
        config: What to train.
        retrieval: How items are searched.
        cache: Folder of vectors and checkpoint; None to keep nothing.
    """

    config: EncoderConfig = field(default_factory=EncoderConfig)
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    cache: Path | None = None
    seed: int = 0
    device: str = "cpu"
    progress: Progress = SILENT
    name: str = "encoder"
    served: Served | None = None

    def fit(self, events: pl.DataFrame, items: pl.DataFrame) -> Self:
        """Train on the events, all of whose kinds count as intent, and index the items."""
        as_of = events.select(pl.col("timestamp").max()).item() + timedelta(microseconds=1)
        kinds = dict.fromkeys(sorted(events["event"].unique()), 1.0)
        checkpoint = None if self.cache is None else self.cache / "encoder.checkpoint"
        encoder = fit(
            events, items, as_of=as_of, kinds=kinds, config=self.config, seed=self.seed, device=self.device,
            progress=self.progress, checkpoint=checkpoint,
        )  # fmt: skip
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
        coder = encoder.coder(self.cache, self.progress)
        self.served = Served.of(encoder, events, items, as_of, coder=coder, retrieval=self.retrieval)
        return self

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """At most `k` items for each user with a history, best first.

        Raises:
            NotFittedError: Nothing was learned yet.
        """
        if self.served is None:
            raise NotFittedError("The encoder has not learned anything yet. Call fit(events, items) first.")
        return self.served.recommend(users, k, filter_viewed=filter_viewed, items=items)
