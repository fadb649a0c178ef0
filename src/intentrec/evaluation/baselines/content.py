"""Cosine between the titles of what a user touched last and the titles of all items, in an embedder's space."""

import numpy as np
import polars as pl

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import Interactions
from intentrec.evaluation.baselines.titles import Embed, Vectors, hashed, titles_of, unit_vectors


class Content(Baseline):
    """Scores every item that has a title, with or without an event, for every user with a history.

    Args:
        embed: Titles -> vectors; without one, vectors of spelling.
        recent: How many of the user's last items are looked at.
        decay: What each further item back counts, as a share of the one after it.
    """

    name = "content"

    def __init__(
        self, *, embed: Embed = hashed, recent: int = 5, decay: float = 0.8, memory_limit_gb: float = 4.0
    ) -> None:
        super().__init__(memory_limit_gb=memory_limit_gb)
        self.embed = embed
        self.recent = recent
        self.decay = decay
        self._vectors: Vectors = np.empty((0, 0), dtype=np.float32)

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        self._vectors = unit_vectors(self.embed, titles_of(items, interactions.items))

    def _scores(self, rows: Ints) -> Scores:
        recent = self._fitted().recent(rows, self.recent, self.decay)
        users = recent @ self._vectors
        lengths = np.linalg.norm(users, axis=1, keepdims=True)
        users = np.divide(users, lengths, out=np.zeros_like(users), where=lengths > 0)
        scores: Scores = (users.astype(np.float64) @ self._vectors.T).astype(np.float32)
        scores[lengths[:, 0] == 0] = -np.inf
        scores[:, ~self._vectors.any(axis=1)] = -np.inf
        return scores
