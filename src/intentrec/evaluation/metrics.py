"""Metrics on arrays, without a loop over users.

Accuracy is measured from `Hits` and `n_targets` (U,), the number of all targets of each user, also of those that no
system can know. What lists look like is measured from `lists` (U, K), item codes in ranked order, -1 where a list had
ended, for all lengths `ks` at once: (U, len(ks)). A metric at k looks at the first k places; K may be smaller than k
only if no list is longer. All of them rank in full, and order is the system's: nothing here breaks ties.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from intentrec.evaluation.lists import Hits

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Lists = NDArray[np.integer]
Values = NDArray[np.float64]
Vectors = NDArray[np.float32]

_NUMBERS_AT_ONCE = 8_000_000


def discounts(k: int) -> Values:
    """1 / log2(r + 1) of places r = 1..k, (k,)."""
    return np.asarray(1.0 / np.log2(np.arange(2, k + 2)))


# accuracy -----------------------------------------------------------------------------------------------------------


def recall_at(hits: Hits, n_targets: Ints, k: int) -> Values:
    """Share of each user's targets among the first k, (U,); nan without targets."""
    return _share(_sums(hits.rows[hits.places < k], hits.n_rows), n_targets.astype(np.float64))


def ndcg_at(hits: Hits, n_targets: Ints, k: int) -> Values:
    """Discounted gain over that of a perfect list of k places, (U,); nan without targets.

    All targets gain 1; place r is discounted by log2(r + 1).
    """
    ideal = np.concatenate([[0.0], np.cumsum(discounts(k))])[np.minimum(n_targets, k)]
    return _share(weighted_dcg_at(hits, np.ones(len(hits.rows)), k), ideal)


def mrr_at(hits: Hits, n_targets: Ints, k: int) -> Values:
    """1 / place of the first target among the first k, 0 where there is none, (U,); nan without targets."""
    best = np.full(hits.n_rows, np.inf)
    near = hits.places < k
    np.minimum.at(best, hits.rows[near], hits.places[near] + 1.0)
    return np.where(n_targets > 0, 1.0 / best, np.nan)


def weighted_dcg_at(hits: Hits, weights: Values, k: int) -> Values:
    """Sum of weight / log2(place + 1) over each user's hits among the first k, (U,).

    Args:
        hits: What was found.
        weights: What each hit gains, (H,).
        k: Length of the lists.
    """
    near = hits.places < k
    return _sums(hits.rows[near], hits.n_rows, weights[near] * discounts(k)[hits.places[near]])


def ideal_weighted_dcg_at(rows: Ints, weights: Values, n_rows: int, k: int) -> Values:
    """The most that `weighted_dcg_at` could be: each user's targets in the order of their weights, (U,).

    Debiased NDCG is the ratio of both, with weight 1 / propensity for each target, propensity = (events of the item /
    events of the most popular item)^gamma: what is popular is both shown and touched more often, so that hits on it say
    less of the user (Yang et al., RecSys 2018, "Unbiased offline recommender evaluation for missing-not-at-random
    implicit feedback"; the exponent one half is that of Saito et al., WSDM 2020; eSASRec, arXiv 2508.06450, shows how
    far a debiased NDCG turns an order of systems). It is normalised by itself over all users, sum of gains over sum of
    ideal gains, since a user with one target would otherwise lose the weight; so a single user's value, gain over the
    mean ideal gain, may exceed 1, the mean of all never does.

    Args:
        rows: The user of each target, (T,).
        weights: What each target gains, (T,).
        n_rows: Number of users.
        k: Length of the lists.
    """
    order = np.lexsort((-weights, rows))
    first = np.searchsorted(rows[order], np.arange(n_rows))
    place = np.arange(len(rows)) - first[rows[order]]
    near = place < k
    return _sums(rows[order][near], n_rows, weights[order][near] * discounts(k)[place[near]])


def clicked_categories_at(hits: Hits, categories: Ints, k: int) -> Values:
    """Number of distinct categories among each user's hits in the first k, (U,): CICD offline, 0 without a hit.

    RecGPT-V1 (arXiv 2507.22879, section 1.7 of its online results) reports clicked and exposed item category diversity.
    Offline, what is shown is the list and what is clicked are its hits, so EICD is `categories_at` and CICD is this.
    Both are counts per user, averaged over all users of a view, those without a hit included.

    Args:
        hits: What was found.
        categories: Category code of each hit's item, (H,), -1 where it has none; such hits count for nothing.
        k: Length of the list.
    """
    counted = (hits.places < k) & (categories >= 0)
    pairs = np.unique(np.stack([hits.rows[counted], categories[counted]]), axis=1)
    return _sums(pairs[0], hits.n_rows)


# what lists look like -----------------------------------------------------------------------------------------------


def categories_at(lists: Lists, categories: Ints, ks: Sequence[int]) -> Values:
    """Number of distinct categories among each user's first k, (U, len(ks)): EICD offline.

    Args:
        lists: Item codes.
        categories: Category code of each item, -1 where it has none; such items count for nothing.
        ks: Lengths.
    """
    width = lists.shape[1]
    found = np.zeros((len(lists), len(ks)))
    if not width:
        return found
    known = np.append(categories, -1).astype(np.int32)  # the place behind the last is what an ended list points at
    for rows in _blocks(lists, width):
        # Sorted by category, then place: the first of each category says from which length on it counts.
        keys = known[lists[rows]] * np.int32(width) + np.arange(width, dtype=np.int32)
        keys.sort(axis=1)
        category, place = np.divmod(keys, width)
        first = category >= 0
        first[:, 1:] &= category[:, 1:] != category[:, :-1]
        for column, k in enumerate(ks):
            found[rows, column] = (first & (place < k)).sum(axis=1)
    return found


def category_diversity_at(lists: Lists, categories: Ints, ks: Sequence[int]) -> Values:
    """Distinct categories over the most that k places could hold, (U, len(ks)), 0 to 1; nan where no item has one."""
    n_categories = len(np.unique(categories[categories >= 0]))
    most = np.minimum(np.array(ks), n_categories).astype(np.float64)
    return categories_at(lists, categories, ks) / np.where(most > 0, most, np.nan)


def novelty_at(lists: Lists, surprise: Values, ks: Sequence[int]) -> Values:
    """Mean of -log2(popularity share) over each user's first k, (U, len(ks)); 0 for an empty list.

    Mean self-information of what is recommended (Zhou et al., PNAS 2010).

    Args:
        lists: Item codes.
        surprise: -log2 of each item's share of all events, (I,).
        ks: Lengths.
    """
    known = np.append(surprise, 0.0)
    found = np.zeros((len(lists), len(ks)))
    for rows in _blocks(lists, lists.shape[1]):
        n = _within((lists[rows] >= 0).astype(np.float32), ks)
        found[rows] = _within(known[lists[rows]], ks) / np.maximum(n, 1.0)
    return found


def diversity_at(lists: Lists, vectors: Vectors, ks: Sequence[int]) -> Values:
    """Intra-list diversity: 1 - mean cosine of all pairs of each user's first k, (U, len(ks)); 0 without a pair.

    Ziegler et al., WWW 2005, with the vectors that the caller gives. Items with a vector of zeros are passed over.

    Args:
        lists: Item codes.
        vectors: Of length one, or zero, (I, D).
        ks: Lengths.
    """
    known = np.append(vectors, np.zeros((1, vectors.shape[1]), dtype=np.float32), axis=0)
    there = (known != 0).any(axis=1).astype(np.float64)
    found = np.zeros((len(lists), len(ks)))
    for rows in _blocks(lists, lists.shape[1] * vectors.shape[1]):
        sums = _within(known[lists[rows]], ks)
        n = _within(there[lists[rows]], ks)
        # |sum of unit vectors|^2 = n + the sum of cosines of ordered pairs.
        cosine = (np.square(sums).sum(axis=2) - n) / np.maximum(n * (n - 1.0), 1.0)
        found[rows] = np.where(n > 1, 1.0 - cosine, 0.0)
    return found


def shown_at(lists: Lists, n_items: int, k: int) -> Ints:
    """How many users have each item in their first k, (I,)."""
    near = lists[:, :k]
    return np.bincount(near[near >= 0], minlength=n_items)


def coverage(shown: Ints) -> float:
    """Share of all items that anybody is shown; 0 without items.

    Args:
        shown: The outcome of `shown_at`.
    """
    return float((shown > 0).mean()) if len(shown) else 0.0


def gini(shown: Ints) -> float:
    """Gini coefficient of how often items are shown, those never shown included; 0 where nothing is.

    0: all alike; near 1: a few items have every place. Half the mean difference of all pairs over the mean.

    Args:
        shown: The outcome of `shown_at`.
    """
    n, total = len(shown), float(shown.sum())
    if not total:
        return 0.0
    ranks = np.arange(1, n + 1)
    return float(2.0 * (ranks @ np.sort(shown)) / (n * total) - (n + 1) / n)


def _within(values: NDArray[np.floating], ks: Sequence[int]) -> Values:
    """Sums over the first k of axis 1 for each of `ks`, (B, len(ks), ...)."""
    ends = np.minimum(np.array(ks), values.shape[1])
    bounds = np.unique(np.append(0, ends))
    parts = np.stack([values[:, a:b].sum(axis=1) for a, b in pairwise(bounds)], axis=1)
    sums = np.cumsum(np.insert(parts.astype(np.float64), 0, 0.0, axis=1), axis=1)
    found: Values = sums[:, np.searchsorted(bounds, ends)]
    return found


def _blocks(lists: Lists, numbers_a_row: int) -> list[slice]:
    step = max(1, _NUMBERS_AT_ONCE // max(1, numbers_a_row))
    return [slice(start, start + step) for start in range(0, len(lists), step)]


def _sums(rows: Ints, n_rows: int, values: Values | None = None) -> Values:
    return np.bincount(rows, weights=values, minlength=n_rows).astype(np.float64)


def _share(part: Values, whole: Values) -> Values:
    shares: Values = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares
