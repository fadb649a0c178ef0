"""What a list for one user is made from, as things stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.pipeline.ranker import Ranker
from intentrec.retrieval import RetrievalConfig, Tags
from intentrec.retrieval.memory import Remembered
from intentrec.serving.bundle import About
from intentrec.serving.ranking.shelf import Shelf
from intentrec.tables import INTERESTS, TAGS, Table

_POPULAR = pl.DataFrame(schema={"item_id": pl.String, "score": pl.Float64})


@dataclass(frozen=True)
class Person:
    """A user, known or not.

    Attributes:
        vector: (D,); None for somebody without any history.
        beta: Weight of the vector against the tags.
        about: Profile, interests and tags.
        tag_names: Distinct tags.
        tag_vectors: (len(tag_names), D).
        events: Latest events in time order: columns of `EVENTS`.
        seen: Items that they had an event with.
        chosen: Items that they chose: what a reason may point back to.
        as_of: Exclusive end of the events.
    """

    user_id: str
    vector: NDArray[np.float32] | None
    beta: float
    about: About
    tag_names: list[str]
    tag_vectors: NDArray[np.float32]
    events: pl.DataFrame
    seen: list[str]
    chosen: list[str]
    as_of: datetime

    @property
    def is_stranger(self) -> bool:
        """Whether there is nothing to rank by."""
        return self.vector is None and not self.tag_names

    @property
    def interests(self) -> pl.DataFrame:
        """The columns of `INTERESTS` that reasons read."""
        return self._columns(self.about.interests, INTERESTS, ("interest_id", "interest", "weight"))

    @property
    def tags(self) -> pl.DataFrame:
        """The columns of `TAGS` that lists and reasons read."""
        return self._columns(self.about.tags, TAGS, ("rank", "tag", "interest_id", "category"))

    def _columns(self, rows: list[dict[str, Any]], table: Table, names: Sequence[str]) -> pl.DataFrame:
        columns = {name: [row[name] for row in rows] for name in names}
        schema = {name: table.schema[name] for name in ("user_id", *names)}
        return pl.DataFrame({"user_id": [self.user_id] * len(rows), **columns}, schema=schema)

    def ranker(self, shelf: Shelf, config: RetrievalConfig, remembered: Remembered | None) -> Ranker:
        """A ranker for this user alone; who has no vector is ranked by tags only."""
        vector, beta = self.vector, self.beta
        if vector is None:
            vector, beta = np.zeros(shelf.index.vectors.shape[1], dtype=np.float32), 0.0
            config = config.model_copy(update={"user_share": 0.0})
        return Ranker(
            index=shelf.index,
            users={self.user_id: 0},
            vectors=vector[None],
            betas=np.array([beta]),
            tags=Tags(self.tags, self.tag_names, self.tag_vectors) if self.tag_names else None,
            seen=self.pairs(self.seen),
            popular=_POPULAR,
            config=config,
            categories=shelf.categories,  # type: ignore[arg-type]
            events=self.events,
            remembered=remembered if len(self.events) else None,
            as_of=self.as_of,
        )

    def pairs(self, items: Sequence[str]) -> pl.DataFrame:
        """`user_id` and `item_id` of each item."""
        columns = {"user_id": [self.user_id] * len(items), "item_id": list(items)}
        return pl.DataFrame(columns, schema={name: pl.String for name in columns})

    def interest_vectors(self) -> NDArray[np.float32]:
        """Mean vector of the tags of each interest, (Q, D)."""
        place = {name: row for row, name in enumerate(self.tag_names)}
        groups: dict[str, list[int]] = {}
        for tag in self.about.tags:
            groups.setdefault(tag["interest_id"], []).append(place[tag["tag"]])
        return np.stack([self.tag_vectors[rows].mean(axis=0) for rows in groups.values()])
