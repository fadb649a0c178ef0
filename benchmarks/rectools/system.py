"""Stored lists as a system that an evaluation can ask."""

from collections.abc import Sequence
from typing import Self

import polars as pl

from benchmarks.rectools.exchange import Exchange
from intentrec.errors import DataError
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA


class RecToolsSystem:
    """Answers from lists that were made elsewhere, for the users they were made for.

    To serve histories cut at several moments, give each moment a user id of its own in `Exchange.write(histories=...)`.

    Args:
        name: In reports.
        unseen: Lists without the items of each history, in columns of `RECOMMENDED_SCHEMA`.
        every: Lists with them; None where nobody will ask.
        k: Length the lists were made with; a shorter list is one that had ended.
    """

    def __init__(self, name: str, unseen: pl.DataFrame | None, every: pl.DataFrame | None, k: int) -> None:
        self.name = name
        self._lists = {True: unseen, False: every}
        self._k = k

    @classmethod
    def of(cls, name: str, exchange: Exchange, key: str, *, filters: Sequence[bool], k: int) -> Self:
        """From the lists of a finished run, `k` long, for the given filters."""
        unseen, every = (
            exchange.lists(key, filter_viewed=filtered) if filtered in filters else None for filtered in (True, False)
        )
        return cls(name, unseen, every, k)

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The stored lists of these users in their order, at most k long; a user without a list has no row.

        Raises:
            DataError: Longer lists or another filter is asked for than was stored.
        """
        lists = self._lists[filter_viewed]
        if lists is None:
            raise DataError(f"{self.name} has no lists with filter_viewed={filter_viewed}; train it with them.")
        if k > self._k:
            raise DataError(f"{self.name} has lists of {self._k} items, and {k} are asked for; train it with k={k}.")
        asked = pl.DataFrame({"user_id": pl.Series(list(users), dtype=pl.String)}).with_row_index("place")
        return (
            asked.join(lists.filter(pl.col("rank") <= k), on="user_id", how="inner")
            .sort("place", "rank")
            .select(*RECOMMENDED_SCHEMA)
        )
