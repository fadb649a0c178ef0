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

    block_scores: int = Field(default=4_000_000, ge=1_000, le=1_000_000_000)
    """Most query-item scores held in memory at once; 4 bytes each, about four such arrays live together."""
