"""What every index of item vectors promises."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from scipy import sparse

from intentrec.retrieval.topk import Hits, Ints, Mask, Vectors


@dataclass(frozen=True)
class IndexFacts:
    """What an index is and how well it finds; stored beside it as JSON.

    Attributes:
        kind: "exact", "torch", "ivf" or "hnsw".
        items: Number of vectors.
        width: Length of each.
        digest: SHA-256 of the vectors, so that an index never serves others.
        recall: Share of the true best `at` that it found when it was built; 1 for an exact index.
        at: Length of the lists that were compared.
        queries: How many real queries were asked; 0 for an exact index, which needs none.
        effort: Lists probed (ivf) or candidates kept (hnsw) by a query; 0 for an exact index.
        layout: How an ivf clusters the items: by "points" or by "directions"; "" elsewhere.
        lists: Number of lists of an ivf; 0 elsewhere.
    """

    kind: str
    items: int
    width: int
    digest: str
    recall: float = 1.0
    at: int = 0
    queries: int = 0
    effort: int = 0
    layout: str = ""
    lists: int = 0

    @classmethod
    def of(cls, kind: str, vectors: Vectors, **more: Any) -> Self:
        """Facts of an index over these vectors."""
        return cls(kind, len(vectors), vectors.shape[1], digest_of(vectors), **more)

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


class VectorIndex(Protocol):
    """Finds the vectors with the greatest dot products.

    Attributes:
        compares_all: Whether a search holds a score for every item, and so is exact.
    """

    compares_all: ClassVar[bool]

    @property
    def facts(self) -> IndexFacts:
        """What it is and how well it finds."""
        ...

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        allowed: Mask | None = None,
        excluded: sparse.csr_array | None = None,
        excluded_rows: Ints | None = None,
    ) -> Hits:
        """The best `k` items of each query, as `top_k` gives them: same order, same double-precision scores.

        An approximate index may miss items, but a list is never shorter than the exact one.

        Args:
            queries: (Q, D).
            k: Most items for one query; a query has fewer only where the filters leave fewer.
            allowed: Items that may be returned at all, (N,).
            excluded: Non-zero where an item must not be returned, (R, N).
            excluded_rows: Row of `excluded` for each query, (Q,); None when they are the same.
        """
        ...


def digest_of(vectors: Vectors) -> str:
    """SHA-256 of the numbers."""
    return sha256(np.ascontiguousarray(vectors).data).hexdigest()
