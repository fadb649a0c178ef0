"""From vectors to lists: exact search with filters, interests merged with quotas, scores that can be taken apart."""

from intentrec.retrieval.beta import BetaByActivity, fit_beta
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.fusion import FUSED_SCHEMA, Tags, recommend
from intentrec.retrieval.index import ItemIndex
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA, Retriever
from intentrec.retrieval.topk import Hits, top_k

__all__ = [
    "FUSED_SCHEMA",
    "RECOMMENDED_SCHEMA",
    "BetaByActivity",
    "Hits",
    "ItemIndex",
    "RetrievalConfig",
    "Retriever",
    "Tags",
    "fit_beta",
    "recommend",
    "top_k",
]
