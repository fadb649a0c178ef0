"""The one door that every recommender of the house goes through, ours and the baselines alike."""

from collections.abc import Sequence
from typing import Protocol, Self, runtime_checkable

import polars as pl

RECOMMENDED_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "rank": pl.UInt32(),
    "item_id": pl.String(),
    "score": pl.Float64(),
}
"""Columns that every ``recommend`` returns first; a retriever may add its own after them."""


@runtime_checkable
class Retriever(Protocol):
    """A system that learns from events and ranks items for users."""

    @property
    def name(self) -> str:
        """Name of the system in reports."""
        ...

    def fit(self, events: pl.DataFrame, items: pl.DataFrame) -> Self:
        """Learn from everything that had happened by the time of the last event given.

        Args:
            events: ``user_id, item_id, timestamp, event, weight, row``, already cut to before the as-of time.
            items: The item table; ``item_id`` and ``title`` at least.

        Returns:
            The retriever itself, ready to recommend.
        """
        ...

    def recommend(
        self,
        users: Sequence[str],
        k: int,
        *,
        filter_viewed: bool = True,
        items: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Rank at most ``k`` items for each user.

        Args:
            users: User ids; the rows come back in this order.
            k: Most items for one user.
            filter_viewed: Leave out items that the user already has an event with.
            items: The only items allowed, or None for all that the system knows.

        Returns:
            ``user_id, rank (1..k), item_id, score``: best first, ties by item id. A user or an item that cannot be
            scored has no row.
        """
        ...
