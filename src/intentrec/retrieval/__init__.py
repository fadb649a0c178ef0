"""From vectors to lists: search with filters, interests merged with quotas, variety, scores that can be taken apart."""

from intentrec.retrieval.beta import BetaByActivity, fit_beta
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.fusion import FUSED_SCHEMA, Tags, recommend
from intentrec.retrieval.index import ItemIndex
from intentrec.retrieval.indexes import IndexFacts, VectorIndex, build_index, load_index, save_index
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA, Retriever
from intentrec.retrieval.topk import Hits, top_k

__all__ = [
    "FUSED_SCHEMA",
    "RECOMMENDED_SCHEMA",
    "BetaByActivity",
    "Hits",
    "IndexFacts",
    "ItemIndex",
    "RetrievalConfig",
    "Retriever",
    "Tags",
    "VectorIndex",
    "build_index",
    "fit_beta",
    "load_index",
    "recommend",
    "save_index",
    "top_k",
]
