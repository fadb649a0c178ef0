"""Exact top-k by dot product, in blocks of queries, with the filter applied before anything is ranked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_QUERIES_AT_ONCE = 64  # fewer would read all items again for each handful of queries
_LONGER = 1.01  # the longest item is itself found in single precision
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
        block_scores: Most scores held at once; items are cut, too, where there are more than a block holds.
    """
    columns = None if allowed is None else np.flatnonzero(allowed)
    within = items if columns is None else items[columns]
    if excluded_rows is None:
        excluded_rows = np.arange(len(queries), dtype=np.int64)
    step = max(min(_QUERIES_AT_ONCE, block_scores), block_scores // max(1, len(within)))
    parts = []
    for start in range(0, len(queries) if k > 0 and len(within) else 0, step):
        block = queries[start : start + step]
        barred = None if excluded is None else excluded[excluded_rows[start : start + step]]
        if barred is not None and columns is not None:
            barred = barred[:, columns]
        rows, picked = _candidates(block, within, k, barred, max(1, block_scores // len(block)))
        picked = picked if columns is None else columns[picked]
        parts.append(best_pairs(block, items, rows, picked, k, first=start))
    return joined(parts)


def _candidates(
    block: Vectors, items: Vectors, k: int, barred: sparse.csr_array | None, width: int
) -> tuple[Ints, Ints]:
    """Pairs that may be among the best k: everything within rounding error of the k-th single-precision score.

    Items are taken `width` at a time. The k-th score of those seen so far only grows, so what is below it is dropped.
    """
    k = min(k, len(items))
    error = _rounding(block, items)
    best = np.full((len(block), k), -np.inf, dtype=np.float32)
    kth = best[:, 0]
    found: list[tuple[Ints, Ints, Vectors]] = []
    columns = None if barred is None else barred.tocsc()
    for start in range(0, len(items), width):
        scores = block @ items[start : start + width].T  # (B, W)
        if columns is not None:
            held = columns[:, start : start + width].tocoo()
            scores[held.row[held.data != 0], held.col[held.data != 0]] = -np.inf
        best = _greatest(best, scores, k)
        kth = best.min(axis=1)
        rows, picked = np.nonzero((scores >= _below(kth, error)[:, None]) & (scores > -np.inf))
        found.append((rows.astype(np.int64), picked.astype(np.int64) + start, scores[rows, picked]))
    rows, picked, taken = (np.concatenate(part) for part in zip(*found, strict=True))
    kept = taken >= _below(kth, error)[rows]
    return rows[kept], picked[kept]


def _greatest(best: Vectors, scores: Vectors, k: int) -> Vectors:
    """The k greatest of both, in no order, (B, k)."""
    fresh = scores if scores.shape[1] <= k else np.partition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    both = np.concatenate([best, fresh], axis=1)
    kept: Vectors = np.partition(both, both.shape[1] - k, axis=1)[:, -k:]
    return kept


def _rounding(block: Vectors, items: Vectors) -> Floats:
    """Most by which a single-precision score of each query can be wrong, (B,)."""
    longest = np.sqrt(np.einsum("nd,nd->n", items, items).max().astype(np.float64)) * _LONGER
    error: Floats = np.linalg.norm(block.astype(np.float64), axis=1) * longest * block.shape[1]
    return error * float(np.finfo(np.float32).eps)


def _below(kth: Vectors, error: Floats) -> Vectors:
    """What may still be as good as the k-th once scored exactly, (B,)."""
    floor: Vectors = np.nextafter((kth - 2 * error).astype(np.float32), np.float32(-np.inf))
    return floor


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


def distinct(values: Ints) -> Ints:
    """Each value once, ascending, by sorting: numpy's own `unique` hashes, many times slower for millions of pairs."""
    ordered: Ints = np.sort(values)
    fresh: Ints = ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0]
    return fresh
