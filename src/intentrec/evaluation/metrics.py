"""Ranking metrics on arrays: one row a user, one column a place of the list, no loop over users.

`hits` is (U, K) and true where the item in that place is a target; `n_targets` (U,) counts all targets of the user,
also those that no system can know; `lists` (U, K) holds item codes, -1 where the list had ended. A metric at k looks at
the first k columns, and K may be smaller than k only if no list is longer.
"""

import numpy as np
from numpy.typing import NDArray

Hits = NDArray[np.bool_]
Ints = NDArray[np.int64]
Values = NDArray[np.float64]


def recall_at(hits: Hits, n_targets: Ints, k: int) -> Values:
    """Share of each user's targets among the first k, (U,); nan without targets."""
    return _share(hits[:, :k].sum(axis=1).astype(np.float64), n_targets.astype(np.float64))


def ndcg_at(hits: Hits, n_targets: Ints, k: int) -> Values:
    """Discounted gain over that of a perfect list of k places, (U,); nan without targets.

    All targets gain 1; place r is discounted by log2(r + 1).
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(n_targets, k)]
    return _share(hits[:, :k] @ discounts[: hits.shape[1]], ideal)


def coverage_at(lists: Ints, n_items: int, k: int) -> float:
    """Share of all items that stand in anybody's first k; 0 without items."""
    shown = np.unique(lists[:, :k])
    return float((shown >= 0).sum() / n_items) if n_items else 0.0


def categories_at(lists: Ints, categories: Ints, k: int) -> Values:
    """Number of distinct categories among each user's first k, (U,).

    Args:
        lists: Item codes.
        categories: Category code of each item, -1 where it has none; such items count for nothing.
        k: Length of the list.
    """
    if not lists[:, :k].size:
        return np.zeros(len(lists))
    shown = np.append(categories, -1)[lists[:, :k]]  # the place behind the last is what an ended list points at
    shown.sort(axis=1)
    first = np.ones_like(shown, dtype=np.bool_)
    first[:, 1:] = shown[:, 1:] != shown[:, :-1]
    distinct: Values = (first & (shown >= 0)).sum(axis=1).astype(np.float64)
    return distinct


def category_diversity_at(lists: Ints, categories: Ints, k: int) -> Values:
    """Distinct categories over the most that k places could hold, (U,), from 0 to 1; nan where no item has one."""
    n_categories = len(np.unique(categories[categories >= 0]))
    most = np.full(len(lists), float(min(k, n_categories)))
    return _share(categories_at(lists, categories, k), most)


def _share(part: Values, whole: Values) -> Values:
    shares: Values = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares
