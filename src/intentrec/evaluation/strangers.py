"""What a shop would show a visitor of whom a personal system knows nothing."""

from collections.abc import Sequence

import polars as pl

from intentrec.evaluation.lists import Recommends, serving
from intentrec.evaluation.runs import size_mb


class WithPopularity:
    """A personal system that hands users without a list of their own to popularity."""

    def __init__(self, system: Recommends, popularity: Recommends) -> None:
        self._system = system
        self._popularity = popularity

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The system's rows, then popularity's for those who had none."""
        own = self._system.recommend(users, k, filter_viewed=filter_viewed)
        served = frozenset(own["user_id"])
        left = [user for user in users if user not in served]
        return pl.concat(
            [own, self._popularity.recommend(left, k, filter_viewed=filter_viewed)], how="diagonal"
        )  # a system may have columns of its own

    def with_histories(self, events: pl.DataFrame) -> "WithPopularity":
        """Both for users whose whole history is `events`."""
        return WithPopularity(
            serving("of its own", self._system, events), serving("popularity", self._popularity, events)
        )

    def size_bytes(self) -> int | None:
        """Of the personal system, where it can say; popularity is one number an item."""
        size = size_mb(self._system)
        return None if size is None else round(1e6 * size)
