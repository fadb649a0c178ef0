"""What a shop would show a visitor of whom a personal system knows nothing."""

from collections.abc import Sequence

import polars as pl

from intentrec.evaluation.baselines import Baseline


class WithPopularity:
    """A personal system that hands users without a list of their own to popularity."""

    def __init__(self, system: Baseline, popularity: Baseline) -> None:
        self._system = system
        self._popularity = popularity

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The system's rows, then popularity's for those who had none."""
        own = self._system.recommend(users, k, filter_viewed=filter_viewed)
        served = frozenset(own["user_id"])
        left = [user for user in users if user not in served]
        return pl.concat([own, self._popularity.recommend(left, k, filter_viewed=filter_viewed)])
