from typing import Annotated, Literal

from pydantic import Field

from intentrec.settings import Section

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]


class RetrievalConfig(Section):
    """How vectors become a list of items for each user."""

    beta: UnitInterval | Literal["fit"] = "fit"
    """Weight of the user's vector against the tags', from 0 to 1; "fit" picks one per activity bucket on the
    validation window."""

    beta_grid: tuple[UnitInterval, ...] = Field(default=(0.3, 0.5, 0.7, 0.8, 0.9, 1.0), min_length=1)
    """Values that "fit" tries."""

    beta_tolerance: UnitInterval = 0.01
    """Share of the best validation NDCG that "fit" may give up for the tags. A log rewards only what resembles it;
    the tags bring variety and a reason, and this is what they may cost."""

    activity_edges: tuple[Annotated[int, Field(ge=1)], ...] = (5, 20, 100)
    """Numbers of events at which a new activity bucket begins, ascending."""

    fused: Literal["interests", "single"] = "interests"
    """One query per interest, merged with quotas, or one query from all tags of the user together."""

    user_share: UnitInterval = 0.8
    """Share of the list that the plain user query fills; the interests split the rest evenly."""

    diversity: float = Field(default=0.45, ge=0.0, le=10.0)
    """How much variety the first places get; 0 for none. An item whose category stands higher in the list already is
    lowered by so many standard deviations of the user's own scores. At 0.45 the first ten hold 7 to 13 % more
    categories at the same recall (three shops, docs/decisions.md)."""

    diversity_places: int = Field(default=10, ge=1, le=1000)
    """How many first places are chosen for variety; those after follow by score, so recall further down is kept."""

    diversity_pool: int = Field(default=500, ge=1, le=100_000)
    """From how many of the best items they are chosen. It does not depend on the length of the list, so that a short
    list is the beginning of a longer one, up to this length."""

    diversity_vectors: UnitInterval = 0.0
    """Share of the cosine of item vectors in the likeness of two items; the rest is whether they share a category."""

    category_cap: int | None = Field(default=None, ge=1)
    """Most items of one category in the first `diversity_places`, as long as the pool holds others; leave it out for
    no cap."""

    index: Literal["auto", "exact", "torch", "ivf", "hnsw"] = "auto"
    """How items are searched. "exact" compares all with numpy, "torch" with torch, on a GPU if `index_device` says so;
    "ivf" and "hnsw" are approximate (faiss). "auto" is exact up to `index_exact_up_to` items and "ivf" beyond."""

    index_exact_up_to: int = Field(default=200_000, ge=0)
    """Up to so many items "auto" compares all: 2 to 4 ms of one core a user at 200,000 items of width 64, where an
    approximate index takes 0.1 to 0.3 ms but has to be built and measured."""

    index_recall: UnitInterval = 0.99
    """Share of the true first 200 that an approximate index is tuned to find, measured on real users: deep enough for a
    list of 100 when half of what is best has been seen."""

    index_least_recall: UnitInterval = 0.98
    """An index that finds less is not built: an error, not a worse list."""

    index_device: str = "cpu"
    """Where "torch" searches: "cpu", "cuda" or "cuda:1"."""

    index_half: bool = False
    """Whether "torch" holds the items in half precision. The lists stay exact: candidates are scored again in full."""

    block_scores: int = Field(default=4_000_000, ge=1_000, le=1_000_000_000)
    """Most query-item scores held in memory at once; 4 bytes each, about four such arrays live together."""
