"""General instructions, mixed in so that a model that learns one task does not forget how to follow others."""

from intentrec.alignment.data.general.by_base import Said, general_by_base, general_requests
from intentrec.alignment.data.general.by_rule import general_by_rule
from intentrec.alignment.data.general.choosing import general

__all__ = ["Said", "general", "general_by_base", "general_by_rule", "general_requests"]
