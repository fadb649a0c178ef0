"""BM25 over titles (Robertson et al., TREC 1994): the titles of the last items are the query."""

import numpy as np
import polars as pl
from scipy import sparse

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import Interactions
from intentrec.evaluation.baselines.titles import titles_of, word_counts


class BM25(Baseline):
    """Scores items whose titles share words with what the user touched last; it needs no event of an item.

    Score: the sum over words of the query of idf * tf (k1 + 1) / (tf + k1 (1 - b + b * length / mean length)), each
    times the word's weight in the query, with idf = ln(1 + (N - n + 0.5) / (n + 0.5)). Items without a word of the
    query have no row.

    Args:
        recent: How many of the user's last items make the query.
        decay: What each further item back counts in the query, as a share of the one after it.
        saturation: k1: the greater, the more a repeated word says.
        length: b: how much long titles are held against them, from 0 to 1.
    """

    name = "bm25"

    def __init__(
        self,
        *,
        recent: int = 5,
        decay: float = 0.8,
        saturation: float = 1.2,
        length: float = 0.75,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(memory_limit_gb=memory_limit_gb)
        self.recent = recent
        self.decay = decay
        self.saturation = saturation
        self.length = length
        self._counts = word_counts([])
        self._weights = word_counts([])

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        self._counts = word_counts(titles_of(items, interactions.items))
        self._weights = bm25_weights(self._counts, self.saturation, self.length).T.tocsr()

    def _scores(self, rows: Ints) -> Scores:
        query = self._fitted().recent(rows, self.recent, self.decay) @ self._counts
        scores: Scores = (sparse.csr_array(query) @ self._weights).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores


def bm25_weights(counts: sparse.csr_array, saturation: float, length: float) -> sparse.csr_array:
    """What one occurrence of each word in a query is worth for each title, (I, V).

    Args:
        counts: Words of each title, (I, V).
        saturation: k1.
        length: b.
    """
    n_titles, n_words = counts.shape
    having = np.bincount(counts.indices, minlength=n_words)
    idf = np.log1p((n_titles - having + 0.5) / (having + 0.5))
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64)
    relative = lengths / max(float(lengths.mean()), 1e-9) if n_titles else lengths
    row = np.repeat(np.arange(n_titles), np.diff(counts.indptr))
    tf = counts.data.astype(np.float64)
    weights = idf[counts.indices] * tf * (saturation + 1) / (tf + saturation * (1 - length + length * relative[row]))
    return sparse.csr_array((weights.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)
