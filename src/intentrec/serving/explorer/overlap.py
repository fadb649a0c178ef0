"""Two lists beside each other: what they share, and how differently they place it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Overlap:
    """How alike two lists are.

    Attributes:
        shared: Items of both.
        jaccard: Share of all their items that both have; None where both are empty.
        mean_shift: Mean distance of the places of what they share; None where they share nothing.
        rank_biased: Rank-biased overlap, persistence 0.9, of the places that both have (Webber et al. 2010, its lower
            bound scaled so that equal lists have 1); None where one is empty.
    """

    shared: int
    jaccard: float | None
    mean_shift: float | None
    rank_biased: float | None


def overlap(left: Sequence[str], right: Sequence[str]) -> Overlap:
    """Of two lists of distinct items."""
    places = {item: place for place, item in enumerate(right)}
    shared = [(place, places[item]) for place, item in enumerate(left) if item in places]
    union = len(left) + len(right) - len(shared)
    return Overlap(
        shared=len(shared),
        jaccard=len(shared) / union if union else None,
        mean_shift=sum(abs(one - other) for one, other in shared) / len(shared) if shared else None,
        rank_biased=rank_biased(left, right),
    )


def rank_biased(left: Sequence[str], right: Sequence[str], persistence: float = 0.9) -> float | None:
    """Mean over depths of the share of items in common, each next depth weighing `persistence` times the one above."""
    depth = min(len(left), len(right))
    if not depth:
        return None
    weights = [persistence**place for place in range(depth)]
    agreed = [len(set(left[:d]) & set(right[:d])) / d for d in range(1, depth + 1)]
    return sum(w * a for w, a in zip(weights, agreed, strict=True)) / sum(weights)
