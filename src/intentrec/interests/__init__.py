"""Stage 2: interests, each with a reason and the events that show it."""

from intentrec.interests.config import InterestsConfig
from intentrec.interests.infer import infer_interests

__all__ = ["InterestsConfig", "infer_interests"]
