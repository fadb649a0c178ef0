"""Variety in the first places of a list: what resembles a better place is lowered (MMR), or capped by category.

Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) with relevance left as it is: an item stands under
`score - weight * spread * likeness`, where likeness is the greatest to an item placed before it, and the spread of the
user's own scores makes one weight fit every user and every model. Being in the same category is a likeness of 1. With
categories alone no search is needed: the best item of each category keeps its score and every other one is lowered by
the same amount, which is what the greedy search would find.
"""

from dataclasses import dataclass

import numpy as np

from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.topk import Floats, Ints, Mask, Vectors, rank_within

_CELLS = 1 << 24  # vector cells held at once while cosines are compared


@dataclass(frozen=True)
class Likeness:
    """By what two items are alike.

    Attributes:
        categories: Category code of each item, -1 for none, (N,); None where nothing is known.
        vectors: Item vectors, (N, D).
        by_vectors: Share of the cosine in the likeness, from 0 to 1; the rest is the category's.
    """

    categories: Ints | None
    vectors: Vectors
    by_vectors: float = 0.0

    def same_category(self, one: Ints, other: Ints) -> Mask:
        """Whether two items share a category, elementwise; items without one share none."""
        if self.categories is None:
            return np.zeros(np.broadcast_shapes(one.shape, other.shape), dtype=np.bool_)
        code = self.categories[one]
        same: Mask = (code == self.categories[other]) & (code >= 0)
        return same


def is_varied(config: RetrievalConfig, categories: Ints | None) -> bool:
    """Whether these settings change a list at all."""
    if config.diversity > 0 and config.diversity_vectors > 0:
        return True
    return categories is not None and (config.diversity > 0 or config.category_cap is not None)


def vary(
    user: Ints, query: Ints, item: Ints, score: Floats, *, share: Floats, likeness: Likeness, config: RetrievalConfig
) -> Floats:
    """The score under which each row stands when the first places are chosen for variety, (H,).

    The first `config.diversity_places` of a user are filled by the shares of the queries, each query offering its rows
    by lowered score. All other rows follow in the order of their own scores, lowered together so far that the score
    falls along the whole list.

    Args:
        user: Row of the user, (H,); each user with a whole pool of candidates, no item twice.
        query: Query that brought the row, (H,).
        item: Row of the item, (H,).
        score: (H,).
        share: Positive share of each query, (Q,).
        likeness: By what items are alike.
        config: Weight, places and cap.
    """
    place = _place_in_category(user, item, score, likeness.categories)
    weight = config.diversity * _spread(user, score)  # (H,)
    by_category = weight * (1.0 - likeness.by_vectors)
    lowered = score - by_category * (place > 1)
    if likeness.by_vectors > 0 and config.diversity > 0:
        lowered = _greedy(user, item, score, weight, likeness, config.diversity_places)
    over = np.zeros(len(user), dtype=np.bool_) if config.category_cap is None else place > config.category_cap
    head = _head(user, query, item, lowered, over, share, config.diversity_places)
    return _falling(user, score, lowered, head)


def _place_in_category(user: Ints, item: Ints, score: Floats, categories: Ints | None) -> Ints:
    """Place of each row among the user's rows of its category, from 1; 1 without a category."""
    place = np.ones(len(user), dtype=np.int64)
    if categories is None:
        return place
    code = categories[item]
    order = np.lexsort((item, -score, code, user))
    run = user[order] * (code.max(initial=0) + 2) + code[order]
    place[order] = rank_within(run)
    place[code < 0] = 1
    return place


def _spread(user: Ints, score: Floats) -> Floats:
    """Standard deviation of the scores of each row's user, (H,)."""
    count = np.maximum(np.bincount(user), 1)
    mean = np.bincount(user, score) / count
    square = np.bincount(user, np.square(score - mean[user]))
    spread: Floats = np.sqrt(square / count)[user]
    return spread


def _head(user: Ints, query: Ints, item: Ints, lowered: Floats, over: Mask, share: Floats, places: int) -> Mask:
    """The rows that fill the first places: by turns of the queries, what is over the cap last."""
    turn = np.empty(len(user))
    order = np.lexsort((item, -lowered, over, query))
    turn[order] = rank_within(query[order]) / share[query[order]]
    order = np.lexsort((item, query, turn, over, user))
    head = np.zeros(len(user), dtype=np.bool_)
    head[order] = rank_within(user[order]) <= places
    return head


def _falling(user: Ints, score: Floats, lowered: Floats, head: Mask) -> Floats:
    """Lowered scores in the head; elsewhere the row's own, less what keeps them under the head of the same user."""
    n = int(user.max(initial=-1)) + 1
    least = np.full(n, np.inf)
    np.minimum.at(least, user[head], lowered[head])
    most = np.full(n, -np.inf)
    np.maximum.at(most, user[~head], score[~head])
    drop = np.maximum(most - np.nextafter(least, -np.inf), 0.0)
    standing: Floats = np.where(head, lowered, np.minimum(score - drop[user], np.nextafter(least, -np.inf)[user]))
    return standing


def _greedy(user: Ints, item: Ints, score: Floats, weight: Floats, likeness: Likeness, places: int) -> Floats:
    """Scores lowered by the greatest likeness to an item placed before; no loop over users."""
    lowered = score.copy()
    order = np.lexsort((item, user))  # of equal values argmax takes the first, so ties fall to the smaller item
    of, starts, counts = np.unique(user[order], return_index=True, return_counts=True)
    if not len(of):
        return lowered
    width = int(counts.max())
    step = max(1, _CELLS // (width * likeness.vectors.shape[1]))
    for first in range(0, len(of), step):
        part = slice(first, first + step)
        inside = np.arange(width) < counts[part, None]  # (B, P)
        rows = order[np.where(inside, starts[part, None] + np.arange(width), 0)]
        values = np.where(inside, score[rows], -np.inf)
        found = _lowered_block(values, item[rows], weight[rows], likeness, places)
        lowered[rows[inside]] = found[inside]
    return lowered


def _lowered_block(values: Floats, items: Ints, weight: Floats, likeness: Likeness, places: int) -> Floats:
    """Greedy choice for a block of users: (B, P) values of the pool -> the same, lowered."""
    pool = likeness.vectors[items]  # (B, P, D)
    pool = pool / np.maximum(np.linalg.norm(pool, axis=2, keepdims=True), 1e-12)
    users = np.arange(len(values))
    nearest = np.zeros_like(values)
    lowered = values.copy()
    open_ = np.isfinite(values)
    for _ in range(min(places, values.shape[1])):
        best = np.where(open_, lowered, -np.inf).argmax(axis=1)
        open_[users, best] = False
        cosine = np.clip(np.einsum("bpd,bd->bp", pool, pool[users, best]), 0.0, 1.0)
        same = likeness.same_category(items, items[users, best][:, None])
        alike = likeness.by_vectors * cosine + (1.0 - likeness.by_vectors) * same
        nearest = np.where(open_, np.maximum(nearest, alike), nearest)
        lowered = np.where(open_, values - weight * nearest, lowered)
    return lowered
