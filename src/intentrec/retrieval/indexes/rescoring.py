"""Exact scores and filters for what an approximate index found, as dense arrays: one row a query."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from scipy import sparse

from intentrec.retrieval.topk import Floats, Hits, Ints, Mask, Vectors

_AT_ONCE = 8  # queries whose candidates fit the cache together
_TABLE_SLOTS = 32  # slots of the look-up table for each barred pair: at most 3 % are taken


def exact_scores(queries: Vectors, items: Vectors, found: Ints, threads: int) -> Floats:
    """Dot products in double precision, (Q, F), bit for bit those of `dot_pairs`.

    Args:
        queries: (Q, D).
        items: (N, D).
        found: Rows of items, (Q, F).
        threads: How many threads share the work; the result does not depend on it.
    """
    scores = np.empty(found.shape, dtype=np.float64)

    def work(bounds: tuple[int, int]) -> None:
        for start in range(bounds[0], bounds[1], _AT_ONCE):
            part = slice(start, min(start + _AT_ONCE, bounds[1]))
            taken = items[found[part]].astype(np.float64)
            np.einsum("qfd,qd->qf", taken, queries[part].astype(np.float64), out=scores[part])

    if threads < 2 or len(found) < 2 * _AT_ONCE:
        work((0, len(found)))
        return scores
    cuts = np.linspace(0, len(found), threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, pairwise(cuts)))
    return scores


def barred_among(found: Ints, excluded: sparse.csr_array) -> Mask:
    """Whether each found item is barred for its query, (Q, F); -1 is not.

    A table with one hash a pair settles nearly all of them; only what it cannot tell apart is looked up.

    Args:
        found: Rows of items, (Q, F), -1 for none.
        excluded: Non-zero where an item is barred, (Q, N).
    """
    held = excluded.tocoo()
    kept = held.data != 0
    n_items = excluded.shape[1]
    pairs = held.row[kept].astype(np.int64) * n_items + held.col[kept]
    keys = np.arange(len(found), dtype=np.int64)[:, None] * n_items + found
    if not len(pairs):
        return np.zeros(found.shape, dtype=np.bool_)
    size = 1 << int(np.ceil(np.log2(len(pairs) * _TABLE_SLOTS)))
    table = np.zeros(size, dtype=np.bool_)
    table[_hash(pairs, size)] = True
    barred = table[_hash(keys, size)] & (found >= 0)
    at = np.nonzero(barred)
    pairs.sort()
    place = np.minimum(np.searchsorted(pairs, keys[at]), len(pairs) - 1)
    barred[at] = pairs[place] == keys[at]
    return barred


def _hash(keys: Ints, size: int) -> Ints:
    """A slot for each key: Fibonacci hashing, the high bits of a product (Knuth, volume 3, section 6.4)."""
    product = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    slots: Ints = (product >> np.uint64(64 - int(size).bit_length() + 1)).astype(np.int64)
    return slots


def first_kept(found: Ints, kept: Mask, k: int) -> tuple[Ints, Mask]:
    """The first `k` found items of each row that are kept, in their order, and which of the places are filled."""
    if kept[:, :k].all():
        return found[:, :k], kept[:, :k]
    order = np.argsort(~kept, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(kept, order, axis=1)


def ranked_rows(query: Ints, found: Ints, filled: Mask, scores: Floats) -> Hits:
    """Hits of dense rows: score descending, then item; `query` is ascending."""
    standing = np.where(filled, -scores, np.inf)
    order = np.argsort(standing, axis=1, kind="stable")
    falling = np.take_along_axis(standing, order, axis=1)
    tied = np.flatnonzero(((falling[:, 1:] == falling[:, :-1]) & (falling[:, 1:] < np.inf)).any(axis=1))
    if len(tied):  # rare, so that most rows are sorted once
        order[tied] = np.lexsort((found[tied], standing[tied]), axis=1)
    row, place = np.nonzero(np.take_along_axis(filled, order, axis=1))
    at = order[row, place]
    return Hits(query[row], place.astype(np.int64) + 1, found[row, at], scores[row, at])
