"""Stage 5: why an item fits an interest, in one sentence; and a reason by rules for every recommendation."""

from intentrec.explanations.config import ExplanationsConfig
from intentrec.explanations.rules import reason_of, rule_reason, rule_reasons
from intentrec.explanations.write import write_explanations

__all__ = ["ExplanationsConfig", "reason_of", "rule_reason", "rule_reasons", "write_explanations"]
