"""Exact top-k by dot product, in blocks of queries, with the filter applied before anything is ranked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_PAIRS_AT_ONCE = 1024  # fits the cache: 65,536 at once took 15 times as long


@dataclass(frozen=True)
class Hits:
    """Ranked items of many queries as flat arrays, ordered by query, then rank.

    Attributes:
        query: Row of the query, (H,).
        rank: From 1, (H,).
        item: Row of the item, (H,).
        score: Dot product in double precision, (H,).
    """

    query: Ints
    rank: Ints
    item: Ints
    score: Floats


def dot_pairs(left: Vectors, right: Vectors, left_rows: Ints, right_rows: Ints) -> Floats:
    """Dot products of chosen pairs in double precision, (P,).

    The sum of a pair does not depend on which other pairs are asked for: reruns, block sizes and machines agree, which
    a matrix product does not promise.
    """
    out = np.empty(len(left_rows), dtype=np.float64)
    for start in range(0, len(left_rows), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        out[part] = np.einsum(
            "pd,pd->p",
            left[left_rows[part]].astype(np.float64),
            right[right_rows[part]].astype(np.float64),
        )
    return out


def top_k(
    queries: Vectors,
    items: Vectors,
    k: int,
    *,
    allowed: Mask | None = None,
    excluded: sparse.csr_array | None = None,
    excluded_rows: Ints | None = None,
    block_scores: int = 4_000_000,
) -> Hits:
    """The best `k` items of each query: score descending, then item row.

    Args:
        queries: (Q, D).
        items: (N, D), in the order that breaks ties.
        k: Most items for one query; a query has fewer where the filter leaves fewer.
        allowed: Items that may be returned at all, (N,).
        excluded: Non-zero where an item must not be returned, (R, N).
        excluded_rows: Row of `excluded` for each query, (Q,); None when they are the same.
        block_scores: Most scores held at once.
    """
    columns = np.arange(len(items)) if allowed is None else np.flatnonzero(allowed)
    if excluded_rows is None:
        excluded_rows = np.arange(len(queries), dtype=np.int64)
    step = max(1, block_scores // max(1, len(columns)))
    parts = []
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        barred = None if excluded is None else excluded[excluded_rows[start : start + step]][:, columns]
        rows, picked = _candidates(block, items[columns], k, barred)
        parts.append(best_pairs(block, items, rows, columns[picked], k, first=start))
    return joined(parts)


def _candidates(block: Vectors, items: Vectors, k: int, barred: sparse.csr_array | None) -> tuple[Ints, Ints]:
    """Pairs that may be among the best k: everything within rounding error of the k-th single-precision score."""
    if k < 1 or not len(items) or not len(block):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    scores = block @ items.T  # (B, N)
    if barred is not None:
        held = barred.tocoo()
        scores[held.row[held.data != 0], held.col[held.data != 0]] = -np.inf
    place = len(items) - min(k, len(items))
    kth = np.partition(scores, place, axis=1)[:, place]
    longest = np.sqrt(np.square(items.astype(np.float64)).sum(axis=1).max())
    error = np.linalg.norm(block.astype(np.float64), axis=1) * longest * block.shape[1] * np.finfo(np.float32).eps
    floor = (kth - 2 * error).astype(np.float32)
    rows, picked = np.nonzero((scores >= np.nextafter(floor, np.float32(-np.inf))[:, None]) & (scores > -np.inf))
    return rows.astype(np.int64), picked.astype(np.int64)


def best_pairs(queries: Vectors, items: Vectors, rows: Ints, picked: Ints, k: int, *, first: int = 0) -> Hits:
    """The best `k` of the candidates of each query, by their exact scores.

    Args:
        queries: (Q, D).
        items: (N, D).
        rows: Query of each candidate, (C,).
        picked: Item of each candidate, (C,).
        k: Most items for one query.
        first: Number of the first query in the hits.
    """
    score = dot_pairs(queries, items, rows, picked)
    order = np.lexsort((picked, -score, rows))
    rows, picked, score = rows[order], picked[order], score[order]
    rank = rank_within(rows)
    kept = rank <= k
    return Hits(rows[kept] + first, rank[kept], picked[kept], score[kept])


def rank_within(groups: Ints) -> Ints:
    """Place of each element in its run of equal values, from 1; `groups` must be sorted."""
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    return np.arange(1, len(groups) + 1) - np.repeat(starts, np.diff(starts, append=len(groups)))


def joined(parts: list[Hits]) -> Hits:
    """Hits of blocks of queries, one after the other."""
    nothing = np.empty(0, dtype=np.int64)
    parts = parts or [Hits(nothing, nothing, nothing, np.empty(0, dtype=np.float64))]
    return Hits(
        np.concatenate([part.query for part in parts]),
        np.concatenate([part.rank for part in parts]),
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.score for part in parts]),
    )
