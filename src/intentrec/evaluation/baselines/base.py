"""What all baselines share: learn from one matrix, score users in blocks, rank by one rule."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from copy import copy
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.errors import ConfigError, NotFittedError
from intentrec.evaluation.baselines.interactions import NO_DECAY_DAYS, Interactions
from intentrec.evaluation.baselines.ranking import best
from intentrec.extras import require
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA

Ints = NDArray[np.int64]
Scores = NDArray[np.float32]

_BLOCK_SCORES = 2_000_000
GIB = float(1 << 30)


class Baseline(ABC):
    """A `Retriever` whose scores are one row of numbers per user.

    Args:
        half_life_days: Days after which an event counts half; 36,500 counts all alike.
        memory_limit_gb: `fit` refuses to begin what would need more.
    """

    name: str
    serves_strangers = False

    def __init__(self, *, half_life_days: float = NO_DECAY_DAYS, memory_limit_gb: float = 4.0) -> None:
        self.half_life_days = half_life_days
        self.memory_limit_gb = memory_limit_gb
        self._interactions: Interactions | None = None

    def fit(self, events: pl.DataFrame, items: pl.DataFrame) -> Self:
        """Learn from all events given; only systems that read titles score items without an event of positive weight.

        Raises:
            ConfigError: It would need more memory than allowed.
        """
        return self.learn(Interactions.build(events, items, self.half_life_days), events, items)

    def learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> Self:
        """As `fit`, from a matrix that several systems of the same `half_life_days` may share."""
        self._check_memory(interactions)
        self._learn(interactions, events, items)
        self._interactions = interactions
        return self

    def with_histories(self, events: pl.DataFrame) -> Self:
        """The same learned numbers for users whose whole history is `events`; this system stays as it is.

        Nothing is learned: new users are folded in, items that training did not know are left out, and what a user has
        seen is what `events` say and nothing else.

        Args:
            events: As in `fit`; the user ids need not be those of training.

        Raises:
            NotFittedError: There is nothing learned yet.
        """
        learned = self._fitted()
        items = pl.DataFrame({"item_id": learned.items})
        served = copy(self)
        served._interactions = Interactions.build(events, items, self.half_life_days, now=learned.now)
        return served

    def recommend(
        self,
        users: Sequence[str],
        k: int,
        *,
        filter_viewed: bool = True,
        items: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The k best items of each user who can be served, in the order of `users`."""
        interactions = self._fitted()
        rows = interactions.rows_of(users)
        barred = ~interactions.mask_of(items)
        served = np.arange(len(rows)) if self.serves_strangers else np.flatnonzero(rows >= 0)
        step = max(1, _BLOCK_SCORES // max(1, len(interactions.items)))
        parts = []
        for start in range(0, len(served), step):
            places = served[start : start + step]
            scores = self._scores(rows[places])
            scores[:, barred] = -np.inf
            if filter_viewed:
                _bar_seen(scores, interactions, rows[places])
            parts.append(_listed(places, *self._best(rows[places], scores, k)))
        return self._frame(users, parts)

    def size_bytes(self) -> int:
        """Of the numbers that were learned, histories not counted."""
        learned = [value for name, value in vars(self).items() if name.startswith("_") and name != "_interactions"]
        return sum(_bytes_of(value) for value in learned)

    @abstractmethod
    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None: ...

    @abstractmethod
    def _scores(self, rows: Ints) -> Scores:
        """Scores (B, I) of the users in matrix rows (B,), -1 for a stranger; -inf where there is no score."""

    def _best(self, rows: Ints, scores: Scores, k: int) -> tuple[Ints, Scores]:
        """Columns and scores of the k best of each user, as `ranking.best` gives them; `scores` are barred already."""
        return best(scores, k)

    def bytes_needed(self, interactions: Interactions) -> float:
        """Rough peak memory of `fit`, beyond the matrix itself."""
        return 0.0

    def _check_memory(self, interactions: Interactions) -> None:
        needed = self.bytes_needed(interactions) / GIB
        if needed > self.memory_limit_gb:
            raise ConfigError(
                f"{self.name} needs about {needed:.1f} GB for {len(interactions.items):,} items, and "
                f"evaluation.memory_limit_gb is {self.memory_limit_gb:g}. Raise it, or leave {self.name!r} out of "
                "evaluation.baselines."
            )

    def _fitted(self) -> Interactions:
        if self._interactions is None:
            raise NotFittedError(f"{self.name} has not learned anything yet. Call fit(events, items) first.")
        return self._interactions

    def _frame(self, users: Sequence[str], parts: list[pl.DataFrame]) -> pl.DataFrame:
        if not parts:
            return pl.DataFrame(schema=RECOMMENDED_SCHEMA)
        listed = pl.concat(parts)
        names = pl.Series("user_id", list(users), dtype=pl.String)
        return listed.select(
            names.gather(listed["place"]),
            pl.col("rank").cast(pl.UInt32),
            self._fitted().items.gather(listed["column"]).alias("item_id"),
            pl.col("score").cast(pl.Float64),
        )


def single_threaded_blas() -> AbstractContextManager[object]:
    """Linear algebra with one thread: the same last bits on every machine, and no fight over a busy one's cores."""
    limits: AbstractContextManager[object] = require("threadpoolctl", "the EASE and iALS baselines").threadpool_limits(
        1, "blas"
    )
    return limits


def _bar_seen(scores: Scores, interactions: Interactions, rows: Ints) -> None:
    known = np.flatnonzero(rows >= 0)
    seen = interactions.seen[rows[known]].tocoo()
    scores[known[seen.row], seen.col] = -np.inf


def _listed(places: Ints, columns: Ints, scores: Scores) -> pl.DataFrame:
    row, rank = np.nonzero(columns >= 0)
    return pl.DataFrame(
        {"place": places[row], "rank": rank + 1, "column": columns[row, rank], "score": scores[row, rank]}
    )


def _bytes_of(value: object) -> int:
    if isinstance(value, sparse.csr_array):
        return int(value.data.nbytes + value.indices.nbytes + value.indptr.nbytes)
    return int(value.nbytes) if isinstance(value, np.ndarray) else 0
