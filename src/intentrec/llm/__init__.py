"""The one seam to language models.

Stages see `LanguageModel.complete(requests, AnswerType)`. Behind it stand the ledger (cache, resume, cost, audit,
erasure), checked and repaired answers, a budget, and one of the backends.
"""

from intentrec.llm.adapters import (
    AdapterBase,
    AdapterCard,
    AdapterData,
    AdapterFolder,
    open_adapter,
    read_card,
    write_card,
)
from intentrec.llm.answers import schema_of
from intentrec.llm.backends import Backend
from intentrec.llm.checking import check_model
from intentrec.llm.config import Adapter, LLMConfig, LoRA
from intentrec.llm.ledger import Answer, Call, Ledger, Total
from intentrec.llm.messages import Completion, Message, Request
from intentrec.llm.model import EstimatingModel, LanguageModel, LedgeredModel
from intentrec.llm.opening import open_backend, open_estimator, open_model
from intentrec.llm.prompts import Prompt, fence
from intentrec.llm.usage import Estimate, Usage

__all__ = [
    "Adapter",
    "AdapterBase",
    "AdapterCard",
    "AdapterData",
    "AdapterFolder",
    "Answer",
    "Backend",
    "Call",
    "Completion",
    "Estimate",
    "EstimatingModel",
    "LLMConfig",
    "LanguageModel",
    "Ledger",
    "LedgeredModel",
    "LoRA",
    "Message",
    "Prompt",
    "Request",
    "Total",
    "Usage",
    "check_model",
    "fence",
    "open_adapter",
    "open_backend",
    "open_estimator",
    "open_model",
    "read_card",
    "schema_of",
    "write_card",
]
