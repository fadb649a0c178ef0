"""Lists for users, from a bundle and what is live. No language model takes part."""

from intentrec.serving.ranking.asking import Answer, Ask, Filters
from intentrec.serving.ranking.ranking import Ranking, Reached

__all__ = ["Answer", "Ask", "Filters", "Ranking", "Reached"]
