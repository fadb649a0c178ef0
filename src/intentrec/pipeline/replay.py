"""A day's recommender for histories that the day did not know: targets one after the other, each with its past."""

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from intentrec.pipeline.ranker import Ranker

if TYPE_CHECKING:
    from intentrec.towers import Towers


@dataclass(frozen=True)
class Replayable(Ranker):
    """A `Ranker` that can be given other histories.

    Attributes:
        towers: What vectors of new histories are made with.
    """

    towers: "Towers | None" = None

    @classmethod
    def of(cls, ranker: Ranker, towers: "Towers") -> "Replayable":
        """The same recommender."""
        return cls(**{field.name: getattr(ranker, field.name) for field in fields(Ranker)}, towers=towers)

    def with_histories(self, events: pl.DataFrame) -> "Ranker":
        """The same towers, serving users whose whole history is `events`.

        Tags are not asked for again: they belong to the users of the day, so these lists are of the towers alone,
        and coordinates that an encoder has beside them stay zero.
        """
        if self.towers is None or events.is_empty():
            return replace(self, users={}, vectors=self.vectors[:0], betas=self.betas[:0], tags=None)
        users = events["user_id"].unique().sort().to_list()
        as_of = events.select(pl.col("timestamp").max()).item() + timedelta(microseconds=1)
        vectors = self.towers.user_vectors(events, users, as_of)
        return replace(
            self,
            users={user: row for row, user in enumerate(users)},
            vectors=np.pad(vectors, ((0, 0), (0, self.vectors.shape[1] - vectors.shape[1]))),
            betas=np.ones(len(users)),
            tags=None,
            seen=events.select("user_id", "item_id").drop_nulls().unique(maintain_order=True),
            events=None if self.remembered is None else events,
            as_of=as_of,
        )
