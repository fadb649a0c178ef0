"""Two blocks of rows under one numbering, without a copy of the large one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from intentrec.retrieval import Hits, IndexFacts, ItemIndex, VectorIndex, top_k
from intentrec.retrieval.indexes import ExactIndex
from intentrec.retrieval.topk import Ints, Mask, Vectors, rank_within


class Stacked:
    """Reads like an array whose rows are those of `base`, then those of `extra`; only integer rows are understood."""

    def __init__(self, base: NDArray[Any], extra: NDArray[Any]) -> None:
        self.base, self.extra = base, extra
        self.shape = (len(base) + len(extra), *base.shape[1:])
        self.dtype = np.result_type(base, extra)
        self.nbytes = base.nbytes + extra.nbytes

    def __len__(self) -> int:
        return len(self.base) + len(self.extra)

    def __getitem__(self, rows: Any) -> Any:
        rows, n = np.asarray(rows), len(self.base)
        new = rows >= n
        if not new.any():
            return self.base[rows]
        found = np.empty((*rows.shape, *self.shape[1:]), dtype=self.dtype)
        found[~new] = self.base[rows[~new]]
        found[new] = self.extra[rows[new] - n]
        return found if rows.ndim else found[()]


class Beside:
    """The engine of a release, and a few items that it does not hold, all of which are compared.

    Args:
        engine: Searches the first rows.
        n: How many they are.
        extra: Vectors of the rows after them, (M, D).
    """

    def __init__(self, engine: VectorIndex, n: int, extra: Vectors) -> None:
        self.engine, self.n, self.extra = engine, n, extra
        self.compares_all = engine.compares_all

    @property
    def facts(self) -> IndexFacts:
        """Of the engine."""
        return self.engine.facts

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
        n, parts = self.n, []
        for engine, columns in ((self.engine, slice(0, n)), (None, slice(n, n + len(self.extra)))):
            mask = None if allowed is None else allowed[columns]
            barred = None if excluded is None else sparse.csr_array(excluded[:, columns])
            if engine is not None:
                parts.append(engine.search(queries, k, allowed=mask, excluded=barred, excluded_rows=excluded_rows))
            else:
                parts.append(top_k(queries, self.extra, k, allowed=mask, excluded=barred, excluded_rows=excluded_rows))
        known, new = parts
        query, item = np.concatenate([known.query, new.query]), np.concatenate([known.item, new.item + n])
        score = np.concatenate([known.score, new.score])
        order = np.lexsort((item, -score, query))
        rank = rank_within(query[order])
        best = order[rank <= k]
        return Hits(query[best], rank[rank <= k], item[best], score[best])


@dataclass(frozen=True)
class Extended(ItemIndex):
    """Items of a release and those that came in since, whose rows follow.

    Ties between an item of the release and a new one fall to the former.

    Attributes:
        since: New item id -> row.
    """

    since: dict[str, int] | None = None

    @classmethod
    def of(cls, index: ItemIndex, ids: Sequence[str], vectors: Vectors) -> "Extended":
        """The index with further items."""
        n = len(index)
        engine = index.engine or ExactIndex(index.vectors)
        stacked: Any = Stacked(index.vectors, vectors)
        names: Any = Stacked(index.ids, np.asarray(list(ids), dtype=np.str_))
        both: Any = Beside(engine, n, vectors)  # whether it compares all is the engine's word, not the class's
        return cls(names, stacked, both, {item: n + place for place, item in enumerate(ids)})

    def places(self, items: Sequence[str]) -> Ints:
        """Row of each item, -1 for one that the index does not know."""
        known: Any = self.ids
        found = ItemIndex(known.base, known.base).places(items)
        for place, item in enumerate(items):
            if found[place] < 0:
                found[place] = (self.since or {}).get(item, -1)
        return found
