"""What came next after the last item, ordered by text: the training-free heuristic of Han et al., arXiv 2605.07125."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores
from intentrec.evaluation.baselines.interactions import Interactions, sequences
from intentrec.evaluation.baselines.ranking import best
from intentrec.evaluation.baselines.titles import Embed, Vectors, hashed, titles_of, unit_vectors

_NO_PAIRS = sparse.csr_array(np.empty((0, 0), dtype=np.float32))
_NO_PLACE = np.iinfo(np.int32).max


@dataclass(frozen=True)
class _Tier:
    """Items in one distance from one of the last items.

    Attributes:
        places: How many places it takes in each round.
        scores: (B, I), -inf outside the tier.
    """

    places: int
    scores: Scores


class Transitions(Baseline):
    """Rings around the last items in the graph of item -> next item, each ordered by the similarity of titles.

    Ring 1 holds what followed the last item in any history, ring 2 what followed that, and the rest is everything else.
    Within a ring items are ordered by the cosine of their title with the anchor, in ring 1 plus `edge` times
    ln(1 + n) / its greatest value for the last item, where n counts the transitions. The list takes `near` items of
    ring 1, `far` of ring 2, then, where wanted, `before_near` and `before_far` from the rings of the item before the
    last, then `rest` of everything else. 7, 2, 0, 0, 1 is the paper's TGH-1, 5, 1, 3, 1 and a rest of 1 its TGH-2.

    Where we differ: its lists have ten places and fill what a ring leaves open from other rings; ours begin another
    round of the same shares, so that they may have any length. Its third ring is everything else here, as in its own
    code for large graphs. Scores are 1 / place.

    Args:
        embed: Titles -> vectors; without one, vectors of spelling. The paper takes flan-t5-xl.
        anchor: How many of the last items are averaged into the anchor.
        edge: Weight of the transition's count against the cosine.
        near: Places of ring 1 in each round.
        far: Places of ring 2.
        before_near: Places of ring 1 of the item before the last.
        before_far: Places of its ring 2.
        rest: Places of everything else, at least 1.
    """

    name = "transitions"

    def __init__(
        self,
        *,
        embed: Embed = hashed,
        anchor: int = 1,
        edge: float = 0.5,
        near: int = 7,
        far: int = 2,
        before_near: int = 0,
        before_far: int = 0,
        rest: int = 1,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(memory_limit_gb=memory_limit_gb)
        self.embed = embed
        self.anchor = anchor
        self.edge = edge
        self.near = near
        self.far = far
        self.before_near = before_near
        self.before_far = before_far
        self.rest = rest
        self._vectors: Vectors = np.empty((0, 0), dtype=np.float32)
        self._follows = edge_weights(_NO_PAIRS)

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        self._vectors = unit_vectors(self.embed, titles_of(items, interactions.items))
        user, item = sequences(events, interactions.items)
        follows = user[1:] == user[:-1]
        n_items = len(interactions.items)
        at = (item[:-1][follows], item[1:][follows])
        counts = sparse.csr_array((np.ones(len(at[0]), dtype=np.float32), at), shape=(n_items, n_items))
        self._follows = edge_weights(counts)

    def _scores(self, rows: Ints) -> Scores:
        """Cosines with the anchor; `_best` puts them in order."""
        recent = self._fitted().recent(rows, self.anchor)
        scores = self._cosines(recent)
        scores[np.diff(recent.indptr) == 0] = -np.inf
        return scores

    def _best(self, rows: Ints, scores: Scores, k: int) -> tuple[Ints, Scores]:
        return merged(self._tiers(rows, scores), min(k, scores.shape[1]))

    def _tiers(self, rows: Ints, scores: Scores) -> list[_Tier]:
        interactions = self._fitted()
        last = interactions.recent(rows, 1)
        near, far = self._rings(last)
        visited = (near > 0) | far
        tiers = [
            _Tier(self.near, _within(near > 0, scores + np.float32(self.edge) * near)),
            _Tier(self.far, _within(far, scores)),
        ]
        if self.before_near or self.before_far:
            before = _without(interactions.recent(rows, 2), last)
            near, far = self._rings(before)
            cosines = np.where(np.isneginf(scores), scores, self._cosines(before))
            tiers.append(_Tier(self.before_near, _within(near > 0, cosines + np.float32(self.edge) * near)))
            tiers.append(_Tier(self.before_far, _within(far, cosines)))
        return [*tiers, _Tier(max(1, self.rest), _within(~visited, scores))]

    def _rings(self, sources: sparse.csr_array) -> tuple[Scores, NDArray[np.bool_]]:
        """Edge weights of ring 1, and who is in ring 2, of one item a user, (B, I)."""
        ring = sparse.csr_array(sources @ self._follows)
        near = ring.toarray().astype(np.float32)
        far = (ring @ self._follows).toarray() > 0
        return near, far & ~(near > 0) & ~(sources.toarray() > 0)

    def _cosines(self, weights: sparse.csr_array) -> Scores:
        anchors = weights @ self._vectors
        lengths = np.linalg.norm(anchors, axis=1, keepdims=True)
        anchors = np.divide(anchors, lengths, out=np.zeros_like(anchors), where=lengths > 0)
        cosines: Scores = (anchors.astype(np.float64) @ self._vectors.T).astype(np.float32)
        return cosines


def edge_weights(counts: sparse.csr_array) -> sparse.csr_array:
    """ln(1 + n) of each transition over the greatest of its row, (I, I)."""
    weights = np.log1p(counts.data)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    greatest = np.zeros(counts.shape[0], dtype=np.float32)
    np.maximum.at(greatest, row, weights)
    return sparse.csr_array((weights / greatest[row], counts.indices, counts.indptr), shape=counts.shape)


def merged(tiers: list[_Tier], k: int) -> tuple[Ints, Scores]:
    """Rounds of places dealt out to the tiers in their order; an item stands where it is dealt first.

    Returns:
        Columns (B, k), -1 where nothing is left, and 1 / place, -inf there.
    """
    used = [tier for tier in tiers if tier.places > 0]
    size = used[0].scores.shape
    order = np.full(size, _NO_PLACE, dtype=np.int64)
    in_round = sum(tier.places for tier in used)
    before = 0
    for tier in used:
        columns, _ = best(tier.scores, k)
        row, rank = np.nonzero(columns >= 0)
        column = columns[row, rank]
        dealt = rank // tier.places * in_round + before + rank % tier.places
        order[row, column] = np.minimum(order[row, column], dealt)
        before += tier.places
    keys = (order << 32) | np.arange(size[1], dtype=np.int64)
    first = np.sort(np.partition(keys, max(0, k - 1), axis=1)[:, :k], axis=1) if k else keys[:, :0]
    none = (first >> 32) == _NO_PLACE
    columns = np.where(none, -1, first & ((1 << 32) - 1))
    scores = np.where(none, -np.inf, 1.0 / np.arange(1, k + 1)).astype(np.float32)
    return columns, scores


def _within(members: NDArray[np.bool_], scores: Scores) -> Scores:
    return np.where(members, scores, np.float32(-np.inf))


def _without(two: sparse.csr_array, one: sparse.csr_array) -> sparse.csr_array:
    left = sparse.csr_array(two - one)
    left.eliminate_zeros()
    return left
