"""Approximate search with faiss: filters, exact scores for what was found, and no list shorter than it must be."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from intentrec.extras import require
from intentrec.retrieval.indexes.protocol import IndexFacts
from intentrec.retrieval.indexes.rescoring import barred_among, exact_scores, first_kept, ranked_rows
from intentrec.retrieval.topk import Hits, Ints, Mask, Vectors, joined, top_k

PURPOSE = 'searching many items (retrieval.index = "exact" does without)'

_FEW_ALLOWED = 20_000  # comparing so many items takes as long as probing an index of a million
_SHARE_ALLOWED = 0.02  # where fewer are allowed, most of what the index scans is thrown away
_DEPTH_STEPS = (0, 16, 64, 256, 1024, 4096)  # queries whose users saw about as much are searched together


@dataclass(frozen=True)
class FaissIndex:
    """A faiss index over vectors that are kept beside it for the exact scores.

    What a user has seen is barred by searching as much deeper and leaving it out: measured against a selector for each
    user, which cannot share a call, this is faster for histories of up to a thousand items. What nobody may get is
    barred by a bitmap inside the search; where hardly anything is allowed, or a list would stay short, all items that
    are left are compared.

    Attributes:
        vectors: (N, D).
        index: A faiss IVF or HNSW index for inner products.
        facts: How it was built and how well it finds.
    """

    vectors: Vectors
    index: Any
    facts: IndexFacts
    held: tuple[Any, ...] = field(default=(), repr=False)  # faiss objects that the index points at
    compares_all: ClassVar[bool] = False

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        allowed: Mask | None = None,
        excluded: sparse.csr_array | None = None,
        excluded_rows: Ints | None = None,
    ) -> Hits:
        """See `VectorIndex.search`."""
        n_allowed = len(self.vectors) if allowed is None else int(np.count_nonzero(allowed))
        if k < 1 or not len(queries) or not n_allowed:
            return joined([])
        if excluded is not None and excluded_rows is not None:
            excluded = excluded[excluded_rows]
        if allowed is not None and n_allowed <= max(_FEW_ALLOWED, _SHARE_ALLOWED * len(allowed)):
            return top_k(queries, self.vectors, k, allowed=allowed, excluded=excluded)
        seen = np.zeros(len(queries), dtype=np.int64) if excluded is None else np.diff(excluded.indptr)
        group = np.searchsorted(_DEPTH_STEPS, seen)
        parts = []
        for step in np.unique(group).tolist():
            rows = np.flatnonzero(group == step)
            deeper = int(seen[rows].max())
            barred = None if excluded is None or not deeper else excluded[rows]
            parts.append(self._searched(queries[rows], rows, k, k + deeper, allowed, barred))
        return _in_order(joined(parts)) if len(parts) > 1 else parts[0]

    def _searched(
        self, queries: Vectors, rows: Ints, k: int, depth: int, allowed: Mask | None, barred: sparse.csr_array | None
    ) -> Hits:
        faiss = require("faiss", PURPOSE)
        found = self.find(queries, min(depth, len(self.vectors)), allowed)
        kept = found >= 0 if barred is None else (found >= 0) & ~barred_among(found, barred)
        found, filled = first_kept(found, kept, k)
        short = np.flatnonzero(~filled.all(axis=1) | (filled.shape[1] < k))
        if len(short):
            some = None if barred is None else barred[short]
            short = short[filled[short].sum(axis=1) < self._available(len(short), k, allowed, some)]
        filled[short] = False
        scores = exact_scores(queries, self.vectors, np.where(filled, found, 0), faiss.omp_get_max_threads())
        hits = ranked_rows(rows, found, filled, scores)
        if not len(short):
            return hits
        left = None if barred is None else barred[short]
        whole = top_k(queries[short], self.vectors, k, allowed=allowed, excluded=left)
        return _in_order(joined([hits, Hits(rows[short[whole.query]], whole.rank, whole.item, whole.score)]))

    def find(self, queries: Vectors, depth: int, allowed: Mask | None = None, effort: int | None = None) -> Ints:
        """Items as faiss finds them, (Q, depth), -1 where it finds no more."""
        parameters = self._parameters(effort or self.facts.effort, depth, allowed)
        _, found = self.index.search(np.ascontiguousarray(queries, dtype=np.float32), depth, params=parameters)
        items: Ints = found
        return items

    def _parameters(self, effort: int, depth: int, allowed: Mask | None) -> Any:
        faiss = require("faiss", PURPOSE)
        chosen: dict[str, Any] = {}
        if allowed is not None:
            chosen["sel"] = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        if self.facts.kind == "ivf":
            return faiss.SearchParametersIVF(nprobe=effort, **chosen)
        return faiss.SearchParametersHNSW(efSearch=max(effort, depth), **chosen)

    def _available(self, n_rows: int, k: int, allowed: Mask | None, barred: sparse.csr_array | None) -> Ints:
        """Length that the list of each query must have."""
        open_ = np.ones(len(self.vectors), dtype=np.int64) if allowed is None else allowed.astype(np.int64)
        left = np.full(n_rows, open_.sum())
        if barred is not None:
            held = barred.tocoo()
            left = left - np.bincount(held.row, (held.data != 0) * open_[held.col], n_rows).astype(np.int64)
        wanted: Ints = np.minimum(left, k).astype(np.int64)
        return wanted


def _in_order(hits: Hits) -> Hits:
    order = np.lexsort((hits.rank, hits.query))
    return Hits(hits.query[order], hits.rank[order], hits.item[order], hits.score[order])
