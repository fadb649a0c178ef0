"""All items compared, with numpy."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from scipy import sparse

from intentrec.retrieval.indexes.protocol import IndexFacts
from intentrec.retrieval.topk import Hits, Ints, Mask, Vectors, top_k


@dataclass(frozen=True)
class ExactIndex:
    """Blocked matrix products; nothing to build and nothing to miss.

    Attributes:
        vectors: (N, D).
        block_scores: Most scores held at once.
    """

    vectors: Vectors
    block_scores: int = 4_000_000
    compares_all: ClassVar[bool] = True

    @cached_property
    def facts(self) -> IndexFacts:
        """What it is."""
        return IndexFacts.of("exact", self.vectors)

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
        return top_k(
            queries,
            self.vectors,
            k,
            allowed=allowed,
            excluded=excluded,
            excluded_rows=excluded_rows,
            block_scores=self.block_scores,
        )
