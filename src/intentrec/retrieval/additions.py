"""A sparse addition to the scores of vectors, on top of any index."""

import numpy as np
from scipy import sparse

from intentrec.errors import DataError
from intentrec.retrieval.topk import Floats, Hits, Ints, Mask, Vectors, distinct, dot_pairs, rank_within


def at_pairs(table: sparse.csr_array, rows: Ints, columns: Ints) -> Floats:
    """Values of a table with sorted columns at chosen places, (P,); 0 where it holds none."""
    if not table.nnz or not len(rows):
        return np.zeros(len(rows))
    width = table.shape[1]
    keys = np.repeat(np.arange(table.shape[0], dtype=np.int64), np.diff(table.indptr)) * width + table.indices
    wanted = rows * width + columns
    at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    found: Floats = np.where(keys[at] == wanted, table.data[at], 0.0).astype(np.float64)
    return found


def checked(added: sparse.csr_array, shape: tuple[int, int]) -> sparse.csr_array:
    """The same with sorted columns, none twice.

    Raises:
        DataError: The shape is another, or a value is below 0 or not a number: what an index left out could then not be
            known.
    """
    if added.shape != shape:
        raise DataError(f"What is added to the scores has shape {added.shape}, but must have {shape}.")
    wrong = added.data[~((added.data >= 0) & np.isfinite(added.data))]
    if len(wrong):
        raise DataError(f"What is added to the scores must be finite and not below 0; one value is {wrong.min():g}.")
    ordered = added.copy()
    ordered.sum_duplicates()
    return ordered


def with_additions(
    hits: Hits, queries: Vectors, items: Vectors, k: int, *, added: sparse.csr_array, rows: Ints, scale: Floats,
    allowed: Mask | None, excluded: sparse.csr_array | None,
) -> Hits:  # fmt: skip
    """The best `k` by dot product plus addition, from the best `k` by dot product and all items with an addition.

    Nothing is lost: an item without addition that is among the best `k` of the sum has fewer than `k` items before it
    by dot product alone, as additions are never negative.

    Args:
        hits: The best `k` of each query by dot product.
        queries: (Q, D).
        items: (N, D).
        k: Most items for one query.
        added: The outcome of `checked`, (U, N).
        rows: Row of `added` and `excluded` for each query, (Q,).
        scale: What an addition is multiplied by for each query, (Q,).
        allowed: As the hits were found with, (N,).
        excluded: As the hits were found with, (U, N).
    """
    mine = sparse.coo_array(added[rows])
    query, item = (axis.astype(np.int64) for axis in mine.coords)
    kept = np.ones(len(query), dtype=np.bool_) if allowed is None else allowed[item]
    if excluded is not None:
        barred = excluded.copy()
        barred.sum_duplicates()
        kept &= at_pairs(barred, rows[query], item) == 0
    pairs = distinct(np.concatenate([hits.query * len(items) + hits.item, query[kept] * len(items) + item[kept]]))
    query, item = pairs // len(items), pairs % len(items)
    score = dot_pairs(queries, items, query, item) + scale[query] * at_pairs(added, rows[query], item)
    order = np.lexsort((item, -score, query))
    query, item, score = query[order], item[order], score[order]
    rank = rank_within(query)
    best = rank <= k
    return Hits(query[best], rank[best], item[best], score[best])
