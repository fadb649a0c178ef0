"""Items near the items of the history: cosine between columns of the matrix (Sarwar et al., WWW 2001)."""

import numpy as np
import polars as pl
from scipy import sparse

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import NO_DECAY_DAYS, Interactions
from intentrec.evaluation.baselines.ranking import best

_BLOCK_SCORES = 2_000_000
_BYTES_A_SCORE = 40  # product, score, key and the partitioned copy of each


class ItemKNN(Baseline):
    """Score of an item: the sum of its similarities to the items of the history, each times the user's strength.

    Similarity is x_i . x_j / (|x_i| |x_j| + shrinkage). An item is its own nearest neighbour, with similarity close to
    1: this is how the system recommends what is bought again and again.

    Args:
        neighbours: Nearest items kept for each item of the history.
        shrinkage: Pulls pairs that few users share towards 0.
    """

    name = "itemknn"

    def __init__(
        self,
        *,
        neighbours: int = 100,
        shrinkage: float = 10.0,
        half_life_days: float = NO_DECAY_DAYS,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(half_life_days=half_life_days, memory_limit_gb=memory_limit_gb)
        self.neighbours = neighbours
        self.shrinkage = shrinkage
        self._similar = sparse.csr_array((0, 0), dtype=np.float32)

    def bytes_needed(self, interactions: Interactions) -> float:
        """The kept neighbours and one block of dense scores."""
        n_items = len(interactions.items)
        return n_items * min(self.neighbours, n_items) * 16.0 + max(_BLOCK_SCORES, n_items) * _BYTES_A_SCORE

    def _learn(self, interactions: Interactions, events: pl.DataFrame) -> None:
        columns = interactions.values.tocsc()
        norms = np.sqrt(np.asarray(columns.power(2).sum(axis=0), dtype=np.float32))
        n_items = len(norms)
        transposed = columns.T.tocsr()
        step = max(1, _BLOCK_SCORES // max(1, n_items))
        parts = [
            self._nearest(transposed[start : start + step], interactions.values, norms, start)
            for start in range(0, n_items, step)
        ]
        self._similar = sparse.csr_array(sparse.vstack(parts)) if parts else sparse.csr_array((0, 0), dtype=np.float32)

    def _nearest(
        self, block: sparse.csr_array, values: sparse.csr_array, norms: Scores, start: int
    ) -> sparse.csr_array:
        """Similarities of the block's items to their nearest, (B, I)."""
        shared = (block @ values).toarray().astype(np.float32)
        lengths = norms[start : start + len(shared), None] * norms[None, :] + np.float32(self.shrinkage)
        similar = np.divide(shared, lengths, out=np.full_like(shared, -np.inf), where=shared > 0)
        columns, scores = best(similar, self.neighbours)
        row, place = np.nonzero(columns >= 0)
        return sparse.csr_array((scores[row, place], (row, columns[row, place])), shape=shared.shape)

    def _scores(self, rows: Ints) -> Scores:
        scores = (self._fitted().values[rows] @ self._similar).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores
