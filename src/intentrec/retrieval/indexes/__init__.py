"""Ways to search item vectors, behind one protocol: exact on CPU or GPU, approximate where there are many items."""

from intentrec.retrieval.indexes.build import build_index, load_index, save_index
from intentrec.retrieval.indexes.exact import ExactIndex
from intentrec.retrieval.indexes.protocol import IndexFacts, VectorIndex

__all__ = ["ExactIndex", "IndexFacts", "VectorIndex", "build_index", "load_index", "save_index"]
