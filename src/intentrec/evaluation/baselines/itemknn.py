"""Items near the items of the history: cosine between columns of the matrix (Sarwar et al., WWW 2001), order or not."""

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import NO_DECAY_DAYS, Interactions
from intentrec.evaluation.baselines.ranking import nearest

_BLOCK_PRODUCTS = 8_000_000
_BYTES_A_PRODUCT = 40  # product, key, row, value and the sorted copy of each
_BYTES_A_PAIR = 24


class ItemKNN(Baseline):
    """Score of an item: the sum of its similarities to the items of the history, each times the user's strength.

    Similarity is x_i . x_j / (|x_i|^2a |x_j|^(2 - 2a) + shrinkage), where i is the item of the history and a is
    `asymmetry`. An item is its own nearest neighbour, with similarity close to 1: this is how the system recommends
    what is bought again and again.

    With a `window` the product x_i . x_j is taken over the order of each history, as in the sequential rules of Ludewig
    and Jannach (UMUAI 2018): two items of a user that stand d places apart count d^-distance, times `backward` where j
    came before i, and nothing beyond the window. What follows an item is then nearer than what led to it.

    Args:
        neighbours: Nearest items kept for each item of the history.
        shrinkage: Pulls pairs that few users share towards 0.
        decay: What each further item back in a history counts, as a share of the one after it; 1 counts all alike.
        window: Most places apart of two items that count as a pair; 0 takes the whole history without its order.
        distance: How fast pairs fade with the places between them; looked at with a window only.
        backward: Weight of a pair against the order of the history; looked at with a window only.
        activity: A user of n items counts n^-activity, so that those who touch everything say less.
        asymmetry: 0.5 is the cosine; above it, neighbours that are popular themselves lose less.
    """

    name = "itemknn"

    def __init__(
        self,
        *,
        neighbours: int = 100,
        shrinkage: float = 10.0,
        decay: float = 1.0,
        window: int = 0,
        distance: float = 0.5,
        backward: float = 1.0,
        activity: float = 0.0,
        asymmetry: float = 0.5,
        half_life_days: float = NO_DECAY_DAYS,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(half_life_days=half_life_days, memory_limit_gb=memory_limit_gb)
        self.neighbours = neighbours
        self.shrinkage = shrinkage
        self.decay = decay
        self.window = window
        self.distance = distance
        self.backward = backward
        self.activity = activity
        self.asymmetry = asymmetry
        self._similar = sparse.csr_array((0, 0), dtype=np.float32)

    def bytes_needed(self, interactions: Interactions) -> float:
        """One block of products and the neighbours that are kept; with a window, all pairs of items that meet there."""
        n_items = len(interactions.items)
        pairs = 2.0 * interactions.values.nnz * self.window + n_items if self.window else 0.0
        block = float(min(_BLOCK_PRODUCTS + n_items, n_items * n_items)) * _BYTES_A_PRODUCT
        return block + 12.0 * n_items * min(self.neighbours, n_items) + _BYTES_A_PAIR * min(pairs, float(n_items) ** 2)

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        values = interactions.values
        lengths = np.asarray(values.tocsc().power(2).sum(axis=0), dtype=np.float64)
        counts = np.diff(values.indptr)
        worth = np.power(np.maximum(counts, 1), -self.activity, dtype=np.float64).astype(np.float32)
        weighed = sparse.csr_array(
            (values.data * np.repeat(worth, counts), values.indices, values.indptr), values.shape
        )
        if self.window:
            shared = self._in_windows(interactions, weighed)
            parts = [self._nearest(shared[rows], lengths, rows.start) for rows in _blocks(np.diff(shared.indptr))]
        else:
            transposed = weighed.T.tocsr()
            products = transposed.astype(np.bool_).astype(np.float64) @ counts.astype(np.float64)
            parts = [self._nearest(transposed[rows] @ values, lengths, rows.start) for rows in _blocks(products)]
        empty = sparse.csr_array((0, len(lengths)), dtype=np.float32)
        self._similar = sparse.csr_array(sparse.vstack([empty, *parts], format="csr"))

    def _in_windows(self, interactions: Interactions, weighed: sparse.csr_array) -> sparse.csr_array:
        """Sums over users of the pairs within the window, (I, I): row the earlier or asked item, column the other."""
        user = np.repeat(np.arange(weighed.shape[0], dtype=np.int64), np.diff(weighed.indptr))
        order = np.lexsort((-interactions.ranks, user))
        user, item = user[order], weighed.indices[order]
        left, right = weighed.data[order], interactions.values.data[order]
        shape = (weighed.shape[1], weighed.shape[1])
        total = sparse.csr_array((left * right, (item, item)), shape=shape)
        for apart in range(1, min(self.window, len(item) - 1) + 1):
            same = np.flatnonzero(user[apart:] == user[:-apart])
            if not len(same):
                break
            strength = left[same] * right[same + apart] * np.float32(apart**-self.distance)
            pairs = sparse.csr_array((strength, (item[same], item[same + apart])), shape=shape)
            total = total + pairs + pairs.T.tocsr() * np.float32(self.backward)
        return sparse.csr_array(total)

    def _nearest(self, shared: sparse.csr_array, lengths: NDArray[np.float64], start: int) -> sparse.csr_array:
        """Similarities of a block of items, the first of them `start`, to their nearest, (B, I)."""
        row = np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr)) + start
        both = lengths[row] ** self.asymmetry * lengths[shared.indices] ** (1.0 - self.asymmetry) + self.shrinkage
        similar = sparse.csr_array(
            ((shared.data / both).astype(np.float32), shared.indices, shared.indptr), shared.shape
        )
        return nearest(similar, self.neighbours)

    def _scores(self, rows: Ints) -> Scores:
        interactions = self._fitted()
        values = interactions.values[rows]
        if self.decay < 1.0:
            values = values.multiply(interactions.recent(rows, len(interactions.items), self.decay))
        scores = (sparse.csr_array(values) @ self._similar).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores


def _blocks(costs: NDArray[np.generic]) -> list[slice]:
    """Runs of rows whose costs (I,) come to about one block, a single expensive row alone."""
    block = (np.cumsum(np.asarray(costs, dtype=np.float64)) // _BLOCK_PRODUCTS).astype(np.int64)
    starts = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(block)]
    return [slice(first, last) for first, last in pairwise(starts) if last > first]
