"""Popularity of the last days: the same list for everybody, and harder to beat than it looks."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import Interactions


class Popularity(Baseline):
    """Ranks items by the number of users who touched them in the last days before the last event.

    Args:
        days: Length of the window.
    """

    name = "popularity"
    serves_strangers = True

    def __init__(self, *, days: float = 28, memory_limit_gb: float = 4.0) -> None:
        super().__init__(memory_limit_gb=memory_limit_gb)
        self.days = days
        self._counts: NDArray[np.float32] = np.empty(0, dtype=np.float32)

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        recent = events.filter(pl.col("timestamp") > pl.col("timestamp").max() - timedelta(days=self.days))
        window = Interactions.build(recent, items).values
        counts = np.bincount(window.indices, minlength=len(interactions.items)).astype(np.float32)
        self._counts = np.where(counts > 0, counts, np.float32(-np.inf))

    def _scores(self, rows: Ints) -> Scores:
        return np.tile(self._counts, (len(rows), 1))
